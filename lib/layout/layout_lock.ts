import { PusherError } from "../errors.ts";
import type { Clock } from "../util/clock.ts";
import { awaitLockFile } from "../util/lock_file.ts";
import { printable } from "../util/printable.ts";
import { layoutUnwritable } from "./layout_error.ts";

/** Name of the file that is there while a layout is locked. */
export const LOCK_FILE = ".lock";

const TIMEOUT_MS = 10_000;

/**
 * Takes a layout for the moment that something in it gets another name.
 *
 * @param directory The layout; must exist.
 * @param clock Time, for waiting.
 * @returns The lock; disposing it lets the next process in.
 * @throws {PusherError} `STATE_LOCKED` after ten seconds, `STATE_UNWRITABLE`.
 */
export async function lockLayout(directory: string, clock: Clock): Promise<Disposable> {
  const path = `${directory}/${LOCK_FILE}`;
  const lock = await awaitLockFile(path, { clock, timeoutMs: TIMEOUT_MS }).catch((cause) => {
    throw layoutUnwritable(path, cause);
  });
  if (lock) return lock;
  throw new PusherError(
    "STATE_LOCKED",
    `Cannot lock "${printable(path)}": another process holds it for more than ${TIMEOUT_MS / 1000} seconds`,
    { detail: { path }, hint: "Let the other docker-image-pusher end, then try again.", retryable: true },
  );
}
