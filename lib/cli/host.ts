import { PusherError } from "../errors.ts";
import { type Clock, systemClock } from "../util/clock.ts";
import { isDiskFull, systemReason } from "../util/system_reason.ts";
import { listenForSuspension } from "./suspension.ts";

/** Everything around the program that the command line talks to; tests bring their own. */
export interface Host {
  /** Where people type and pipes end. */
  readonly stdin: HostInput;
  /** For results. */
  readonly stdout: HostOutput;
  /** For everything else. */
  readonly stderr: HostOutput;
  /** Time. */
  readonly clock: Clock;
  /** Whether this is Windows. */
  readonly isWindows: boolean;
  /** Runtime and system, for bug reports. */
  readonly platform: string;
  /** Version of the runtime, and what it was built for: processor, vendor and system, as LLVM calls them. */
  readonly runtime: { version: string; target: string };
  /** Uniform in [0, 1). */
  random(): number;
  /**
   * Reads an environment variable.
   *
   * @param name Which.
   * @returns Its value; `undefined` when it is not set.
   */
  env(name: string): string | undefined;
  /**
   * Measures the terminal, anew each time because windows are resized.
   *
   * @returns Characters across and down; 80 × 24 without a terminal.
   */
  terminalSize(): { columns: number; rows: number };
  /**
   * Listens for requests to stop, instead of being ended by them.
   *
   * @param listener Told the name of the signal.
   * @returns Gives the signals their usual meaning back when disposed.
   */
  onStopSignal(listener: (signal: string) => void): Disposable;
  /**
   * Listens for Ctrl+Z.
   *
   * @param leave Called before the process is stopped; what it gives is disposed when the process goes on.
   * @returns Stops listening when disposed.
   */
  onSuspension(leave: () => Disposable | undefined): Disposable;
  /**
   * Listens for errors that nobody caught, instead of being ended by them.
   *
   * @param listener Told the error.
   * @returns Stops listening when disposed.
   */
  onUncaught(listener: (error: unknown) => void): Disposable;
}

/** Standard input. */
export interface HostInput {
  /** Whether a person types it. */
  readonly isTerminal: boolean;
  /**
   * Reads to the end.
   *
   * @param maxBytes Longer input is cut there.
   * @returns The text.
   */
  readText(maxBytes: number): Promise<string>;
  /**
   * Reads what comes next.
   *
   * @param into Receives it.
   * @returns How many bytes; 0 at the end.
   */
  read(into: Uint8Array): Promise<number>;
  /** Reads no more; ends a read that waits. */
  close(): void;
}

/** An output stream of the process. */
export interface HostOutput {
  /** Whether a person reads it. */
  readonly isTerminal: boolean;
  /**
   * Writes, and waits until the system took it. A reader that has gone away is no error: nobody is left to be told.
   *
   * @param text What to write.
   * @throws {PusherError} `OUTPUT_FAILED` if results cannot be written. Standard error never throws.
   */
  write(text: string): void;
  /**
   * Writes bytes, without holding up everything else.
   *
   * @param bytes Free to be reused once this has settled.
   * @returns Whether somebody reads.
   * @throws {PusherError} `OUTPUT_FAILED` if they cannot be written.
   */
  writeBytes(bytes: Uint8Array): Promise<boolean>;
}

const STOP_SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Ctrl+C, Ctrl+Break and the window being closed, after which Windows waits five seconds. */
const WINDOWS_STOP_SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGBREAK", "SIGHUP"];

/** How long to wait for a reader that is behind. */
const FULL_PIPE_WAIT_MS = 2;

/**
 * The real process.
 *
 * @returns Its host.
 */
export function denoHost(): Host {
  const isWindows = Deno.build.os === "windows";
  return {
    stdin: {
      isTerminal: Deno.stdin.isTerminal(),
      readText: readStdin,
      read: async (into) => await Deno.stdin.read(into) ?? 0,
      close: closeStdin,
    },
    stdout: hostOutput(Deno.stdout, (error) => {
      throw outputFailed(error);
    }),
    // A view that cannot be shown is no reason to stop the work.
    stderr: hostOutput(Deno.stderr, () => {}),
    clock: systemClock,
    isWindows,
    platform: `deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch}`,
    runtime: { version: Deno.version.deno, target: Deno.build.target },
    random: () => Math.random(),
    env: (name) => Deno.env.get(name),
    terminalSize,
    onStopSignal: (listener) => listenToSignals(isWindows ? WINDOWS_STOP_SIGNALS : STOP_SIGNALS, listener),
    onSuspension: (leave) => listenForSuspension(leave, systemClock),
    onUncaught,
  };
}

function hostOutput(stream: typeof Deno.stdout, onFailure: (error: unknown) => void): HostOutput {
  const encoder = new TextEncoder();
  return {
    isTerminal: stream.isTerminal(),
    write(text) {
      try {
        writeAll(stream, encoder.encode(text));
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) onFailure(error);
      }
    },
    async writeBytes(bytes) {
      for (let written = 0; written < bytes.length;) {
        try {
          written += await stream.write(bytes.subarray(written));
        } catch (error) {
          if (error instanceof Deno.errors.BrokenPipe) return false;
          if (!(error instanceof Deno.errors.WouldBlock)) throw outputFailed(error);
          await systemClock.sleep(FULL_PIPE_WAIT_MS);
        }
      }
      return true;
    },
  };
}

function outputFailed(cause: unknown): PusherError<"OUTPUT_FAILED"> {
  return new PusherError("OUTPUT_FAILED", `Cannot write the results: ${systemReason(cause)}`, {
    detail: { path: "standard output" },
    hint: isDiskFull(cause) ? "Free space where standard output goes." : "Check where standard output goes.",
    cause,
  });
}

function writeAll(stream: typeof Deno.stdout, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += stream.writeSync(bytes.subarray(written));
    } catch (error) {
      // A pipe that a parent process made non-blocking.
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
}

function closeStdin(): void {
  try {
    Deno.stdin.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

async function readStdin(maxBytes: number): Promise<string> {
  const buffer = new Uint8Array(maxBytes);
  let length = 0;
  while (length < maxBytes) {
    const read = await Deno.stdin.read(buffer.subarray(length));
    if (read === null) break;
    length += read;
  }
  return new TextDecoder().decode(buffer.subarray(0, length));
}

function terminalSize(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    // Serial lines and some containers say 0 × 0.
    return { columns: columns || 80, rows: rows || 24 };
  } catch {
    return { columns: 80, rows: 24 };
  }
}

function listenToSignals(signals: readonly Deno.Signal[], listener: (signal: string) => void): Disposable {
  const listeners = signals.map((signal) => ({ signal, listen: () => listener(signal) }));
  for (const { signal, listen } of listeners) Deno.addSignalListener(signal, listen);
  return {
    [Symbol.dispose]() {
      for (const { signal, listen } of listeners) Deno.removeSignalListener(signal, listen);
    },
  };
}

function onUncaught(listener: (error: unknown) => void): Disposable {
  const onError = (event: ErrorEvent): void => {
    event.preventDefault();
    listener(event.error);
  };
  const onRejection = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    listener(event.reason);
  };
  globalThis.addEventListener("error", onError);
  globalThis.addEventListener("unhandledrejection", onRejection);
  return {
    [Symbol.dispose]() {
      globalThis.removeEventListener("error", onError);
      globalThis.removeEventListener("unhandledrejection", onRejection);
    },
  };
}
