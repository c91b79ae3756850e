import type { Choice, Interaction } from "../commands/command_context.ts";
import { PusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";

/** How prompts take the terminal and are ended. */
export interface PromptOptions {
  /** Ends a prompt that is open. */
  signal: AbortSignal;
  /** Makes room on the terminal until disposed. */
  pause: () => Disposable | undefined;
}

type Clack = typeof import("@clack/prompts");
type Streams = Required<Pick<Parameters<Clack["text"]>[0], "input" | "output" | "signal">>;

/**
 * Asks people on the terminal. Questions go to standard error, since standard output belongs to results; the
 * library is loaded with the first of them, because it takes long to load.
 *
 * @param options Cancellation and room.
 * @returns The questions; each rejects with `CANCELED` on Ctrl-C, Escape or when the signal is aborted.
 */
export function createPrompts(options: PromptOptions): Interaction {
  return {
    confirm: (message) =>
      ask(options, (clack, streams) => clack.confirm({ ...streams, message: printable(message) })),
    text: (message) =>
      ask(options, (clack, streams) => clack.text({ ...streams, message: printable(message) })),
    password: (message) =>
      ask(options, (clack, streams) => clack.password({ ...streams, message: printable(message) })),
    async select(message, choices) {
      const index = await ask(
        options,
        (clack, streams) =>
          clack.select({ ...streams, message: printable(message), options: choices.map(indexed) }),
      );
      return choices[index]!.value;
    },
    async selectSeveral(message, choices) {
      const indexes = await ask(options, (clack, streams) =>
        clack.multiselect({
          ...streams,
          message: printable(message),
          options: choices.map(indexed),
          required: true,
        }));
      return indexes.map((index) => choices[index]!.value);
    },
  };
}

async function ask<T>(
  options: PromptOptions,
  question: (clack: Clack, streams: Streams) => Promise<T>,
): Promise<Exclude<T, symbol>> {
  const { signal } = options;
  signal.throwIfAborted();
  const clack = await import("@clack/prompts");
  const { stdin, stderr } = await import("node:process");
  using _room = options.pause();
  const answer = await question(clack, { input: stdin, output: stderr, signal });
  signal.throwIfAborted();
  if (typeof answer === "symbol") {
    throw new PusherError("CANCELED", "Canceled at a question", { detail: {} });
  }
  return answer as Exclude<T, symbol>;
}

/** Values of any kind travel as their place in the list. The library shows a hint only where the cursor is. */
function indexed({ label, hint }: Choice<unknown>, value: number): { value: number; label: string } {
  return { value, label: printable(hint === undefined ? label : `${label} (${hint})`) };
}
