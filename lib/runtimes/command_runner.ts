/** Starts programs: the only way this layer touches the system, so that tests can stand in for it. */
export interface CommandRunner {
  /**
   * Starts a program without a shell, with our environment and without standard input.
   *
   * @param command The program, looked up on `PATH`, and its arguments.
   * @param signal Ends the program.
   * @returns The running program; disposing it ends it and waits until it is gone.
   * @throws {Deno.errors.NotFound} If there is no such program.
   */
  start(command: readonly [string, ...string[]], signal: AbortSignal): RunningCommand;
}

/** A program that was started. */
export interface RunningCommand extends AsyncDisposable {
  /** What it prints, as a byte stream. */
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** How it ended; never rejects. */
  readonly ended: Promise<CommandEnd>;
}

/** How a program ended. */
export interface CommandEnd {
  /** 0 for success; 128 + the number of the signal if one ended it. */
  exitCode: number;
  /** The end of what it wrote to standard error: printable lines, at most 4 KiB. */
  stderr: string;
}
