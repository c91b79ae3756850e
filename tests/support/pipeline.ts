import { ProcessOutput } from "./process_output.ts";

/** A program whose output is piped into another. */
export interface Producer extends AsyncDisposable {
  /** What it writes on stdout. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** Ends it in the middle of its work. */
  kill(): void;
}

/**
 * Starts a program to be read from.
 *
 * @param command The program and its arguments.
 * @param options Variables on top of the environment, and what it reads from.
 * @returns The program; disposing it kills it if it still runs.
 */
export function startProducer(
  [program = "", ...args]: readonly string[],
  { env = {}, stdin }: { env?: Record<string, string>; stdin?: ReadableStream<Uint8Array> } = {},
): Producer {
  const child = new Deno.Command(program, {
    args,
    env,
    stdin: stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new ProcessOutput(child.stderr);
  const feeding = stdin?.pipeTo(child.stdin).catch(() => {});
  const kill = (): void => {
    try {
      child.kill("SIGKILL");
    } catch {
      // Ended already.
    }
  };
  return {
    stdout: child.stdout,
    kill,
    async [Symbol.asyncDispose]() {
      kill();
      if (!child.stdout.locked) await child.stdout.cancel();
      await Promise.all([child.status, stderr.ended, feeding]);
    },
  };
}
