import type { Clock } from "./clock.ts";
import { systemReason } from "./system_reason.ts";

/** Between two looks at a lock that somebody has: at first, and once that has lasted for long. */
const POLL_INTERVAL_MS = { first: 25, last: 2, afterMs: 500 } as const;

/** A file was opened, but could not be locked: some network file systems have no locks. */
export class LockError extends Error {
  /** Names it. */
  override name = "LockError";
}

/**
 * Takes a lock if nobody has it. The lock is the kernel's (`flock`, `LockFileEx`), so it ends with the process that
 * holds it, however that ends; it excludes other holders in this process as well.
 *
 * @param path The lock file; it is there only as long as the lock is, or after a process was killed.
 * @returns The lock, or `undefined` if somebody has it; disposing it lets others have it.
 * @throws {LockError} And what `Deno.open` throws, for example in a directory that may not be written.
 */
export async function tryLockFile(path: string): Promise<Disposable | undefined> {
  for (;;) {
    using held = new DisposableStack();
    const file = held.use(await Deno.open(path, { write: true, create: true, mode: 0o600 }));
    if (!(await lockNow(file, "alone"))) return undefined;
    // The holder before may have removed the file after we had opened it; the lock is on a file without a name then.
    if (!(await isAt(path, file))) continue;
    held.defer(() => removeIfPossible(path));
    return held.move();
  }
}

/** How to wait for a lock. */
export interface LockWait {
  /** Time. */
  clock: Clock;
  /** When to give up. */
  timeoutMs: number;
  /** Ends the waiting; a lock that nobody has is taken all the same. */
  signal?: AbortSignal | undefined;
}

/**
 * Takes a lock, and waits for it if somebody has it. Whoever has waited longer asks more often, so that everybody's turn
 * comes. Waiting for the kernel instead would be fairer still, but nothing could end it, not even the end of the program.
 *
 * @param path The lock file; it stays, since those who wait have it open.
 * @param options How long to wait for it.
 * @returns The lock; `undefined` if somebody has had it for that long.
 * @throws {LockError} And what `Deno.open` throws, and the reason of the signal.
 */
export async function awaitLockFile(path: string, options: LockWait): Promise<Disposable | undefined> {
  const startMs = options.clock.now();
  for (;;) {
    using held = new DisposableStack();
    const file = held.use(await Deno.open(path, { write: true, create: true, mode: 0o600 }));
    if (!(await awaitTurn(file, startMs, options))) return undefined;
    // Somebody may have removed the file meanwhile; the lock is on a file without a name then.
    if (!(await isAt(path, file))) continue;
    held.move();
    return file;
  }
}

/**
 * Opens a file that is itself the lock, or makes it: whoever has it open may read and write it, alone.
 *
 * @param path The file.
 * @returns The file, closing which lets others have it; `undefined` if somebody has it.
 * @throws {LockError} And what `Deno.open` throws.
 */
export async function openLockedFile(path: string): Promise<Deno.FsFile | undefined> {
  for (;;) {
    using held = new DisposableStack();
    const file = held.use(await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 }));
    if (!(await lockNow(file, "alone"))) return undefined;
    // Whoever had it may have given it another name, or none.
    if (!(await isAt(path, file))) continue;
    held.move();
    return file;
  }
}

/**
 * Locks an open file, if nobody has it locked who excludes that. Closing it unlocks it.
 *
 * @param file The file; open for writing to have it alone, as NFS wants it.
 * @param mode Whether others may have it as well.
 * @returns Whether it is locked.
 * @throws {LockError}
 */
export async function lockNow(file: Deno.FsFile, mode: "shared" | "alone"): Promise<boolean> {
  try {
    return await file.tryLock(mode === "alone");
  } catch (cause) {
    throw new LockError(`it cannot be locked (${systemReason(cause)})`, { cause });
  }
}

/**
 * Whether an open file is still what its name stands for.
 *
 * @param path Its name.
 * @param file The file.
 * @returns Whether it is.
 */
export async function isAt(path: string, file: Deno.FsFile): Promise<boolean> {
  try {
    const [named, opened] = await Promise.all([Deno.stat(path), file.stat()]);
    return named.ino === opened.ino && named.dev === opened.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function awaitTurn(
  file: Deno.FsFile,
  startMs: number,
  { clock, timeoutMs, signal }: LockWait,
): Promise<boolean> {
  const { first, last, afterMs } = POLL_INTERVAL_MS;
  for (;;) {
    if (await lockNow(file, "alone")) return true;
    const waitedMs = clock.now() - startMs;
    if (waitedMs >= timeoutMs) return false;
    const intervalMs = Math.max(last, first * (1 - waitedMs / afterMs));
    await clock.sleep(Math.min(intervalMs, timeoutMs - waitedMs), signal);
  }
}

function removeIfPossible(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It means nothing without the lock.
  }
}
