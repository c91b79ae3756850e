import type { Descriptor } from "../spec/descriptor.ts";
import { ArchiveDirectory } from "./archive_directory.ts";
import type { ArchiveEntry } from "./archive_entries.ts";
import { corruptArchive } from "./archive_error.ts";
import { listBlobFiles } from "./blob_files.ts";
import type { ImageArchive } from "./image_archive.ts";
import { readImages } from "./read_images.ts";
import { TarFile } from "./tar/tar_file.ts";

/**
 * Opens an image archive: a tar file or directory that docker, podman, skopeo, buildah, buildx, crane or another tool
 * wrote. Only headers and small documents are read, nothing is extracted; layers are read when their blobs are asked for.
 * (The exception is a compressed layer whose name does not tell its digest: it is read once, to find that out.)
 *
 * @param path The file or directory.
 * @returns The archive; dispose it when done.
 * @throws {PusherError} `ARCHIVE_NOT_FOUND` if it is missing or may not be read, `ARCHIVE_UNSUPPORTED` if it is
 * something else than an image archive or of a kind not read, `ARCHIVE_CORRUPT` if it is damaged or contradicts itself.
 *
 * @example See what an archive holds
 * ```ts
 * import { openArchive } from "./open_archive.ts";
 * import assert from "node:assert/strict";
 *
 * using archive = await openArchive("tests/fixtures/archives/podman43-oci-archive.tar");
 * assert.equal(archive.images[0]?.root.descriptor.size, 712);
 * ```
 */
export async function openArchive(path: string): Promise<ImageArchive> {
  using resources = new DisposableStack();
  const entries = resources.use(
    await isDirectory(path) ? await ArchiveDirectory.open(path) : await TarFile.open(path),
  );
  const { format, images, contents } = await readImages(entries);
  const entryOf = ({ digest }: Descriptor): ArchiveEntry => {
    const entry = contents.blobs.get(digest);
    if (!entry) throw corruptArchive(path, `it does not hold the blob ${digest}`);
    return entry;
  };
  const owned = resources.move();
  return {
    path,
    format,
    sizeBytes: entries.sizeBytes,
    images,
    notices: contents.notices,
    get readBytes() {
      return entries.readBytes;
    },
    identityOf: (blob) => entryOf(blob).identity,
    isUnchanged: (blob) => entries.isUnchanged(entryOf(blob)),
    openBlob: (blob, range) => entryOf(blob).open(range),
    blobFiles: () => listBlobFiles(contents),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    // Opening it as a file says what is wrong.
    return false;
  }
}
