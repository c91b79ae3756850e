import { openLockedFile } from "../util/lock_file.ts";
import { LEFT_DOCUMENT_REGEXP } from "./layout_documents.ts";
import { namesIn } from "./names_in.ts";

/** What to sweep. */
export interface SweepOptions {
  /** Where blobs are that are on their way. */
  ingest: string;
  /** Those that were written to since this time stay, in milliseconds since 1970. */
  beforeMs: number;
}

/**
 * Removes what processes have left that were killed; what cannot be removed stays. To be called under the lock.
 *
 * @param directory The layout.
 * @param options What to sweep.
 * @returns How many bytes were freed.
 * @throws {PusherError} `STATE_UNREADABLE`.
 */
export async function sweepLayout(directory: string, { ingest, beforeMs }: SweepOptions): Promise<number> {
  // Documents are written under the lock, so nobody is at these.
  for (const name of await namesIn(directory)) {
    if (LEFT_DOCUMENT_REGEXP.test(name)) await Deno.remove(`${directory}/${name}`).catch(() => {});
  }
  let freedBytes = 0;
  for (const name of await namesIn(ingest)) {
    freedBytes += await removeIfOld(`${ingest}/${name}`, beforeMs).catch(() => 0);
  }
  return freedBytes;
}

async function removeIfOld(path: string, beforeMs: number): Promise<number> {
  const { size, mtime } = await Deno.lstat(path);
  if (mtime && mtime.getTime() >= beforeMs) return 0;
  using file = await openLockedFile(path);
  if (!file) return 0;
  await Deno.remove(path);
  return size;
}
