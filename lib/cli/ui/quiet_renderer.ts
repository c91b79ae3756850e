import type { HostOutput } from "../host.ts";
import { messageText } from "./message_text.ts";
import type { Renderer } from "./renderer.ts";

/**
 * Shows no progress.
 *
 * @param output Where to.
 * @param options Whether notices are shown; warnings always are.
 * @returns The renderer.
 */
export function createQuietRenderer(output: HostOutput, options: { notices: boolean }): Renderer {
  const print = (line: string): void => output.write(`${line}\n`);
  return {
    onEvent(event) {
      const text = event.type === "notice" && !options.notices ? undefined : messageText(event);
      if (text !== undefined) print(text);
    },
    print,
    pause: () => undefined,
    [Symbol.dispose]() {},
  };
}
