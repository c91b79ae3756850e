/**
 * Files that are held by a lock of the kernel, so that nobody removes them; it ends with its process.
 *
 * @module
 */

import { isAt, lockNow } from "../util/lock_file.ts";
import { isMissing } from "./layout_error.ts";

/**
 * Opens a file to read it, and holds it.
 *
 * @param path The file.
 * @returns The file, held until it is closed; `undefined` if it is not there, or somebody is removing it.
 * @throws {LockError} And what `Deno.open` throws.
 */
export async function openHeld(path: string): Promise<Deno.FsFile | undefined> {
  return await openLocked(path, "shared", { read: true });
}

/**
 * Opens a file that nobody holds. As long as it is open, nobody can.
 *
 * @param path The file.
 * @returns The file; `undefined` if it is not there, or somebody holds it.
 * @throws {LockError} And what `Deno.open` throws.
 */
export async function openUnheld(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await openLocked(path, "alone", { read: true, write: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    // Only NFS wants more than reading, and other tools may have written the file for reading only.
    return await openLocked(path, "alone", { read: true });
  }
}

async function openLocked(
  path: string,
  mode: "shared" | "alone",
  options: Deno.OpenOptions,
): Promise<Deno.FsFile | undefined> {
  using opened = new DisposableStack();
  const file = opened.use(await openIfThere(path, options));
  if (!file || !(await lockNow(file, mode)) || !(await isAt(path, file))) return undefined;
  opened.move();
  return file;
}

async function openIfThere(path: string, options: Deno.OpenOptions): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path, options);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
