/** What file systems say that write names without being asked to. */
const NEEDLESS_CODES: readonly unknown[] = ["EINVAL", "EBADF"];

/**
 * Writes the names in a directory to the disk: files that were renamed into it have their new names also after the power
 * has failed. Windows cannot be asked to, and does so by itself.
 *
 * @param path The directory.
 * @throws What `Deno.open` and `Deno.FsFile.sync` throw.
 */
export async function syncDirectory(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using directory = await Deno.open(path);
  try {
    await directory.sync();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && NEEDLESS_CODES.includes(error.code))) throw error;
  }
}
