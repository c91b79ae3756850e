import { PusherError } from "../errors.ts";
import type { Clock } from "../util/clock.ts";
import { awaitLockFile } from "../util/lock_file.ts";
import { printable } from "../util/printable.ts";
import { stateUnwritable } from "./state_unwritable.ts";

const TIMEOUT_MS = 10_000;

/**
 * Takes the state directory for a read-modify-write, creating it (mode 0700) if needed.
 *
 * @param directory The state directory.
 * @param clock Time, for waiting.
 * @returns The lock; disposing it lets the next process in.
 * @throws {PusherError} `STATE_LOCKED` after ten seconds, `STATE_UNWRITABLE`.
 */
export async function lockState(directory: string, clock: Clock): Promise<Disposable> {
  const path = `${directory}/.lock`;
  const lock = await takeLock(directory, { path, clock });
  if (!lock) throw locked(path);
  return lock;
}

async function takeLock(
  directory: string,
  { path, clock }: { path: string; clock: Clock },
): Promise<Disposable | undefined> {
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    return await awaitLockFile(path, { clock, timeoutMs: TIMEOUT_MS });
  } catch (cause) {
    throw stateUnwritable(directory, cause);
  }
}

function locked(path: string): PusherError {
  return new PusherError(
    "STATE_LOCKED",
    `Cannot lock "${printable(path)}": another process holds it for more than ${TIMEOUT_MS / 1000} seconds`,
    { detail: { path }, hint: "Let the other docker-image-pusher end, then try again.", retryable: true },
  );
}
