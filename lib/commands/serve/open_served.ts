import { findInput } from "../../archive/archive_input.ts";
import type { ImageArchive } from "../../archive/image_archive.ts";
import { openArchive } from "../../archive/open_archive.ts";
import { isPusherError, PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import type { CommandContext } from "../command_context.ts";

/** Archives to serve; disposing it closes them. */
export interface ServedArchives extends Disposable {
  /** In the order they were named. */
  readonly archives: readonly ImageArchive[];
}

/** What makes a directory an archive instead of one with archives in it. */
const LAYOUT_FILES = ["index.json", "manifest.json", "oci-layout"];

/** A file to serve. */
interface ServedPath {
  path: string;
  /** Whether it was found in a directory, not named itself. */
  isFound: boolean;
}

/**
 * Opens archives that can be read anywhere. What is broken in a directory does not keep the rest from being served.
 *
 * @param paths Tar files, directories that are archives, and directories with tar files in them.
 * @param context Told of what is odd about an archive, and of what is left out.
 * @returns The archives, at least one if there are paths.
 * @throws {PusherError} `ARCHIVE_UNSUPPORTED` for what is compressed or a pipe, and as `openArchive`.
 */
export async function openServed(
  paths: readonly string[],
  { onEvent }: Pick<CommandContext, "onEvent">,
): Promise<ServedArchives> {
  using resources = new DisposableStack();
  const archives: ImageArchive[] = [];
  const failures: PusherError[] = [];
  for (const { path, isFound } of (await Promise.all(paths.map(archivesAt))).flat()) {
    try {
      await assertSeekable(path);
      const archive = resources.use(await openArchive(path));
      archives.push(archive);
      for (const notice of archive.notices) onEvent({ type: "notice", message: `${path}: ${notice}` });
    } catch (error) {
      if (!isFound || !isPusherError(error)) throw error;
      failures.push(error);
    }
  }
  const [failure] = failures;
  if (failure && archives.length === 0) throw failure;
  for (const { message } of failures) onEvent({ type: "warning", message: `${message}; it is left out` });
  const open = resources.move();
  return { archives, [Symbol.dispose]: () => open.dispose() };
}

async function archivesAt(path: string): Promise<ServedPath[]> {
  const named = [{ path, isFound: false }];
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info?.isDirectory) return named;
  const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
  const tarFiles = names.filter((name) => name.endsWith(".tar")).sort();
  if (tarFiles.length === 0 || names.some((name) => LAYOUT_FILES.includes(name))) return named;
  return tarFiles.map((name) => ({ path: `${path.replace(/\/+$/, "")}/${name}`, isFound: true }));
}

/** Opening says how to decompress a file, but a pipe it would wait for. */
async function assertSeekable(path: string): Promise<void> {
  const input = path === "-" ? undefined : await findInput(path);
  input?.close();
  if (path !== "-" && !input) return;
  throw new PusherError(
    "ARCHIVE_UNSUPPORTED",
    `Cannot serve "${printable(path)}": it can only be read from its start to its end`,
    {
      detail: { path, found: "pipe or compressed file" },
      hint: "Images are served in place: decompress it, or write it to a file first.",
    },
  );
}
