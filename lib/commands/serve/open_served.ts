import { findInput } from "../../archive/archive_input.ts";
import type { ImageArchive } from "../../archive/image_archive.ts";
import { openArchive } from "../../archive/open_archive.ts";
import { PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import type { CommandContext } from "../command_context.ts";

/** Archives to serve; disposing it closes them. */
export interface ServedArchives extends Disposable {
  /** In the order they were named. */
  readonly archives: readonly ImageArchive[];
}

/** What makes a directory an archive instead of one with archives in it. */
const LAYOUT_FILES = ["index.json", "manifest.json", "oci-layout"];

/**
 * Opens archives that can be read anywhere.
 *
 * @param paths Tar files, directories that are archives, and directories with tar files in them.
 * @param context Told of what is odd about an archive.
 * @returns The archives.
 * @throws {PusherError} `ARCHIVE_UNSUPPORTED` for what is compressed or a pipe, and as `openArchive`.
 */
export async function openServed(
  paths: readonly string[],
  { onEvent }: Pick<CommandContext, "onEvent">,
): Promise<ServedArchives> {
  using resources = new DisposableStack();
  const archives: ImageArchive[] = [];
  for (const path of (await Promise.all(paths.map(archivesAt))).flat()) {
    await assertSeekable(path);
    const archive = resources.use(await openArchive(path));
    archives.push(archive);
    for (const message of archive.notices) onEvent({ type: "notice", message });
  }
  const open = resources.move();
  return { archives, [Symbol.dispose]: () => open.dispose() };
}

async function archivesAt(path: string): Promise<string[]> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info?.isDirectory) return [path];
  const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
  const tarFiles = names.filter((name) => name.endsWith(".tar")).sort();
  if (tarFiles.length === 0 || names.some((name) => LAYOUT_FILES.includes(name))) return [path];
  return tarFiles.map((name) => `${path.replace(/\/+$/, "")}/${name}`);
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
