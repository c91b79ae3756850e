import { PusherError } from "../errors.ts";
import type { Clock } from "../util/clock.ts";
import { awaitLockFile } from "../util/lock_file.ts";
import { Mutex } from "../util/mutex.ts";
import { printable } from "../util/printable.ts";
import { layoutUnwritable } from "./layout_error.ts";

/** Name of the file that whoever changes a layout has locked. */
export const LOCK_FILE = ".lock";

const TIMEOUT_MS = 30_000;

/** How to wait for a layout. */
export interface LayoutLockOptions {
  /** Time. */
  clock: Clock;
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
}

/**
 * Takes a layout for the moment that something in it gets another name. Within the process everybody waits in a line, and
 * only the first of it for other processes.
 */
export class LayoutLock {
  readonly #path: string;
  readonly #options: LayoutLockOptions;
  readonly #mutex = new Mutex();

  /**
   * Takes nothing yet.
   *
   * @param directory The layout.
   * @param options How to wait.
   */
  constructor(directory: string, options: LayoutLockOptions) {
    this.#path = `${directory}/${LOCK_FILE}`;
    this.#options = options;
  }

  /**
   * Takes the layout. Whoever has it must not take it again.
   *
   * @returns The lock; disposing it lets the next one in.
   * @throws {PusherError} `STATE_LOCKED` if another process has it for 30 seconds; `STATE_UNWRITABLE`, also where the disk
   * has no locks. The reason of the signal.
   */
  async take(): Promise<Disposable> {
    using turn = new DisposableStack();
    turn.use(await this.#mutex.lock());
    turn.use(await this.#takeFile());
    return turn.move();
  }

  async #takeFile(): Promise<Disposable> {
    const { clock, signal } = this.#options;
    const path = this.#path;
    const lock = await awaitLockFile(path, { clock, timeoutMs: TIMEOUT_MS, signal }).catch((cause) => {
      if (signal?.aborted && cause === signal.reason) throw cause;
      throw layoutUnwritable(path, cause);
    });
    if (lock) return lock;
    throw new PusherError(
      "STATE_LOCKED",
      `Cannot lock "${printable(path)}": another process holds it for more than ${TIMEOUT_MS / 1000} seconds`,
      { detail: { path }, hint: "Let the other docker-image-pusher end, then try again.", retryable: true },
    );
  }
}
