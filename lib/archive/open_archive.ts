import type { Descriptor } from "../spec/descriptor.ts";
import type { ArchiveEntry } from "./archive_entries.ts";
import { corruptArchive } from "./archive_error.ts";
import { ArchiveFile } from "./archive_file.ts";
import type { ImageArchive } from "./image_archive.ts";
import { notTar } from "./not_an_image.ts";
import { readImages } from "./read_images.ts";
import { TarFile } from "./tar_file.ts";
import { hasTarChecksum, isZeroBlock, TAR_BLOCK_BYTES } from "./tar_header.ts";

/**
 * Opens an image archive: a tar file that docker, podman, skopeo, buildah, buildx, crane or another tool wrote. Only
 * headers and small documents are read, nothing is extracted; layers are read when their blobs are asked for. (The
 * exception is a compressed layer whose name does not tell its digest: it is read once, to find that out.)
 *
 * @param path The file.
 * @returns The archive; dispose it when done.
 * @throws {PusherError} `ARCHIVE_NOT_FOUND` if the file is missing or may not be read, `ARCHIVE_UNSUPPORTED` if it is
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
  const file = resources.use(await ArchiveFile.open(path));
  const start = new Uint8Array(Math.min(TAR_BLOCK_BYTES, file.sizeBytes));
  await file.readAt(start, 0);
  const isTar = hasTarChecksum(start) || (start.length === TAR_BLOCK_BYTES && isZeroBlock(start));
  if (!isTar) throw notTar(path, start);
  const { format, images, contents } = await readImages(await TarFile.read(file));
  const entryOf = ({ digest }: Descriptor): ArchiveEntry => {
    const entry = contents.blobs.get(digest);
    if (!entry) throw corruptArchive(path, `it does not hold the blob ${digest}`);
    return entry;
  };
  const owned = resources.move();
  return {
    path,
    format,
    sizeBytes: file.sizeBytes,
    images,
    notices: contents.notices,
    get readBytes() {
      return file.readBytes;
    },
    identityOf: (blob) => entryOf(blob).identity,
    openBlob: (blob, range) => entryOf(blob).open(range),
    [Symbol.dispose]: () => owned.dispose(),
  };
}
