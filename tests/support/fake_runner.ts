import type { CommandEnd, CommandRunner } from "../../lib/runtimes/command_runner.ts";

/** What a pretended program does. */
export interface FakeProgram {
  /** What it prints; a stream is passed on as it is. */
  stdout?: string | ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What it complains about. */
  stderr?: string;
  /** How it ends; it hangs until it is stopped when `"never"`. */
  exitCode?: number | "never";
}

/** A runner without programs. */
export interface FakeRunner extends CommandRunner {
  /** What was started, in order. */
  readonly calls: string[];
  /** What has been stopped or has ended. */
  readonly disposed: string[];
}

/**
 * Stands in for the programs of a machine.
 *
 * @param programs What each does, by command line with single blanks; a prefix that ends in `*` stands for the rest.
 * Programs that are not mentioned at all are not installed.
 * @returns The runner.
 */
export function createFakeRunner(programs: Readonly<Record<string, FakeProgram>>): FakeRunner {
  const calls: string[] = [];
  const disposed: string[] = [];
  return {
    calls,
    disposed,
    start(command, signal) {
      signal.throwIfAborted();
      const line = command.join(" ");
      calls.push(line);
      const pattern = Object.keys(programs).find((key) =>
        key === line || (key.endsWith("*") && line.startsWith(key.slice(0, -1)))
      );
      const program = pattern === undefined ? undefined : programs[pattern];
      if (!program) throw new Deno.errors.NotFound(`Failed to spawn '${command[0]}': entity not found`);
      const { stdout = "", stderr = "", exitCode = 0 } = program;
      const { promise, resolve } = Promise.withResolvers<CommandEnd>();
      if (exitCode !== "never") resolve({ exitCode, stderr });
      const stop = (): void => resolve({ exitCode: 143, stderr });
      signal.addEventListener("abort", stop, { once: true });
      return {
        stdout: typeof stdout === "string" ? byteStream(stdout, exitCode) : stdout,
        ended: promise,
        [Symbol.asyncDispose]() {
          signal.removeEventListener("abort", stop);
          stop();
          disposed.push(line);
          return Promise.resolve();
        },
      };
    },
  };
}

function byteStream(text: string, exitCode: number | "never"): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      if (text !== "") controller.enqueue(new TextEncoder().encode(text));
      if (exitCode === "never") return;
      controller.close();
      // A read that waits with its own buffer is answered only now.
      controller.byobRequest?.respond(0);
    },
  });
}
