import { tryLockFile } from "../util/lock_file.ts";

/** Files looked at in one go, so that it takes milliseconds whatever is there. */
const MAX_FILES = 256;

/** The journal's own files: records, damaged ones that were set aside, locks, and what a killed process was writing. */
const JOURNAL_FILE_REGEXP =
  /^(?:[0-9a-f]{64}\.(?:json(?:\.corrupt-\d+)?|lock)|\.[0-9a-f]{64}\.json\..+\.partial)$/;

/**
 * Removes old files of the upload journal, of at most 256 a time. Whatever cannot be removed stays.
 *
 * @param directory The journal's directory.
 * @param beforeMs What was written last before this time is old, in milliseconds since 1970.
 * @throws What `Deno.readDir` throws.
 */
export async function sweepLeftovers(directory: string, beforeMs: number): Promise<void> {
  let files = 0;
  for await (const { name } of Deno.readDir(directory)) {
    if (!JOURNAL_FILE_REGEXP.test(name)) continue;
    if (++files > MAX_FILES) return;
    // Another process may sweep at the same time.
    await removeIfOld(`${directory}/${name}`, beforeMs).catch(() => {});
  }
}

async function removeIfOld(path: string, beforeMs: number): Promise<void> {
  const { mtime } = await Deno.lstat(path);
  if (!mtime || mtime.getTime() >= beforeMs) return;
  // An upload may take days: a lock goes only if nobody has it.
  if (path.endsWith(".lock")) (await tryLockFile(path))?.[Symbol.dispose]();
  else await Deno.remove(path);
}
