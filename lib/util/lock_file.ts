import type { Clock } from "./clock.ts";

const POLL_INTERVAL_MS = 25;

/**
 * Takes a lock if nobody has it. The lock is the kernel's (`flock`, `LockFileEx`), so it ends with the process that
 * holds it, however that ends; it excludes other holders in this process as well.
 *
 * @param path The lock file; it is there only as long as the lock is, or after a process was killed.
 * @returns The lock, or `undefined` if somebody has it; disposing it lets others have it.
 * @throws What `Deno.open` throws, for example in a directory that may not be written.
 */
export async function tryLockFile(path: string): Promise<Disposable | undefined> {
  for (;;) {
    using held = new DisposableStack();
    const file = held.use(await Deno.open(path, { write: true, create: true, mode: 0o600 }));
    if (!(await file.tryLock(true))) return undefined;
    // The holder before may have removed the file after we had opened it; the lock is on a file without a name then.
    if (!(await isAt(path, file))) continue;
    held.defer(() => removeIfPossible(path));
    return held.move();
  }
}

/**
 * Takes a lock, and waits for it if somebody has it.
 *
 * @param path As for {@linkcode tryLockFile}.
 * @param options How long to wait for it.
 * @param options.clock Time.
 * @param options.timeoutMs When to give up.
 * @returns The lock; `undefined` if somebody has had it for that long.
 * @throws What `Deno.open` throws.
 */
export async function awaitLockFile(
  path: string,
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): Promise<Disposable | undefined> {
  const deadlineMs = clock.now() + timeoutMs;
  for (;;) {
    const lock = await tryLockFile(path);
    if (lock || clock.now() >= deadlineMs) return lock;
    await clock.sleep(POLL_INTERVAL_MS);
  }
}

/**
 * Opens a file that is itself the lock, or makes it: whoever has it open may read and write it, alone.
 *
 * @param path The file.
 * @returns The file, closing which lets others have it; `undefined` if somebody has it.
 * @throws What `Deno.open` throws.
 */
export async function openLockedFile(path: string): Promise<Deno.FsFile | undefined> {
  for (;;) {
    using held = new DisposableStack();
    const file = held.use(await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 }));
    if (!(await file.tryLock(true))) return undefined;
    // Whoever had it may have given it another name, or none.
    if (!(await isAt(path, file))) continue;
    held.move();
    return file;
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

function removeIfPossible(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It means nothing without the lock.
  }
}
