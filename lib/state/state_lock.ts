import { PusherError } from "../errors.ts";
import type { Clock } from "../util/clock.ts";
import { printable } from "../util/printable.ts";
import { stateUnwritable } from "./state_unwritable.ts";

const POLL_INTERVAL_MS = 25;
const TIMEOUT_MS = 10_000;

/**
 * Takes the state directory for a read-modify-write, creating it (mode 0700) if needed. The lock is the kernel's
 * (`flock`, `LockFileEx`), so it ends with the process that holds it, however that ends: there are no stale locks,
 * and the lock file that stays behind means nothing.
 *
 * @param directory The state directory.
 * @param clock Time, for waiting.
 * @returns The lock; disposing it lets the next process in.
 * @throws {PusherError} `STATE_LOCKED` after ten seconds, `STATE_UNWRITABLE`.
 */
export async function lockState(directory: string, clock: Clock): Promise<Disposable> {
  const path = `${directory}/.lock`;
  const file = await openLockFile(directory, path);
  try {
    const deadlineMs = clock.now() + TIMEOUT_MS;
    while (!(await file.tryLock(true))) {
      if (clock.now() >= deadlineMs) throw locked(path);
      await clock.sleep(POLL_INTERVAL_MS);
    }
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

async function openLockFile(directory: string, path: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    return await Deno.open(path, { write: true, create: true, mode: 0o600 });
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
