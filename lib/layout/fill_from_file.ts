import { layoutUnreadable } from "./layout_error.ts";

/**
 * Reads what comes next of a file, all that fits.
 *
 * @param into Receives it.
 * @param source The open file, and where it is.
 * @throws {PusherError} `STATE_UNREADABLE`, also if the file ends before.
 */
export async function fillFromFile(
  into: Uint8Array,
  { file, path }: { file: Deno.FsFile; path: string },
): Promise<void> {
  try {
    for (let filled = 0; filled < into.length;) {
      const read = await file.read(into.subarray(filled));
      if (read === null) throw new Error("it became shorter while it was read");
      filled += read;
    }
  } catch (cause) {
    throw layoutUnreadable(path, cause);
  }
}
