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

async function isAt(path: string, file: Deno.FsFile): Promise<boolean> {
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
