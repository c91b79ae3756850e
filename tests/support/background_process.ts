import { ProcessOutput } from "./process_output.ts";

/** A program that runs until it is stopped. */
export interface BackgroundProcess {
  /** What it said when it was ready. */
  readonly ready: RegExpExecArray;
  /** Its number. */
  readonly pid: number;
  /** Ends it and waits until it is gone; nothing happens if it has ended already. */
  stop(signal: Deno.Signal): Promise<void>;
}

/**
 * Starts a program and waits until it says that it is ready.
 *
 * @param command The program and its arguments.
 * @param ready What it writes on stderr then.
 * @returns The running program.
 * @throws {Error} If it ends before, with what it wrote.
 */
export async function startProcess(
  [program = "", ...args]: readonly string[],
  ready: RegExp,
): Promise<BackgroundProcess> {
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const stderr = new ProcessOutput(child.stderr);
  const stop = async (signal: Deno.Signal): Promise<void> => {
    try {
      child.kill(signal);
    } catch {
      // Ended already.
    }
    await Promise.all([child.status, stderr.ended]);
  };
  try {
    return { ready: await stderr.waitFor(ready), pid: child.pid, stop };
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
}
