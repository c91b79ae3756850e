import type { HostOutput } from "../host.ts";
import { safeJson } from "../../util/safe_json.ts";
import type { Renderer } from "./renderer.ts";

/**
 * Writes every event as it is, one JSON object a line, for programs. Lines that are no events come as
 * `{"type":"trace","message":"…"}`, so that every line can be parsed.
 *
 * @param output Where to.
 * @returns The renderer.
 */
export function createJsonRenderer(output: HostOutput): Renderer {
  const write = (value: unknown): void => output.write(`${safeJson(value)}\n`);
  return {
    onEvent: write,
    print: (message) => write({ type: "trace", message }),
    pause: () => undefined,
    [Symbol.dispose]() {},
  };
}
