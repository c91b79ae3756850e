import {
  type DockerSaveItem,
  MAX_DOCUMENT_BYTES,
  parseDockerSaveManifest,
  parseImageIndex,
} from "../spec/documents.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { ArchiveContents } from "./archive_contents.ts";
import { corruptArchive } from "./archive_error.ts";
import { ArchiveFile, type FileRange } from "./archive_file.ts";
import { readDockerArchive } from "./docker_archive.ts";
import type { BlobRange } from "../util/stream_body.ts";
import type { ImageArchive } from "./image_archive.ts";
import { mergeEqualImages } from "./image_names.ts";
import { notImageArchive, notTar } from "./not_an_image.ts";
import { readOciLayout } from "./oci_layout.ts";
import { hasTarChecksum, isZeroBlock, TAR_BLOCK_BYTES } from "./tar_header.ts";
import { indexTar, type TarIndex } from "./tar_index.ts";
import type { TarEntry } from "./tar_reader.ts";

/**
 * Largest `manifest.json`. An image of docker's most layers (127) takes 50 KiB of it, so this is hundreds of those or
 * ten thousands of usual ones; containerd stops at 20 MiB, containers/image at 1 MiB.
 */
const MAX_MANIFEST_JSON_BYTES = 16 * 2 ** 20;

const SPACE = 0x20;
const BRACE = 0x7b;

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
  const contents = new ArchiveContents(file, await indexTar(file));
  const { format, images } = await readImages(contents);
  const distinctImages = mergeEqualImages(images);
  if (distinctImages.length === 0) throw corruptArchive(path, "it lists no image");
  const owned = resources.move();
  return {
    path,
    identity: file.identity,
    format,
    sizeBytes: file.sizeBytes,
    images: distinctImages,
    notices: contents.notices,
    get readBytes() {
      return file.readBytes;
    },
    openBlob(blob, range) {
      const entry = contents.blobs.get(blob.digest);
      if (!entry) throw corruptArchive(path, `it does not hold the blob ${blob.digest}`);
      return file.stream(rangeOf(entry, range), range);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function rangeOf(entry: TarEntry, range: BlobRange = {}): FileRange {
  const { offsetBytes = 0, lengthBytes = entry.sizeBytes - offsetBytes } = range;
  if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes + lengthBytes > entry.sizeBytes) {
    throw new RangeError(
      `Cannot read ${lengthBytes} bytes at ${offsetBytes} of a blob as it has ${entry.sizeBytes}`,
    );
  }
  return { name: entry.name, offsetBytes: entry.offsetBytes + offsetBytes, sizeBytes: lengthBytes };
}

/** Finds out whose layout it is. Where both are there, one of them is the truth. */
async function readImages(contents: ArchiveContents): Promise<Pick<ImageArchive, "format" | "images">> {
  const { index, file } = contents;
  const layout = index.has("oci-layout") ? await index.find("index.json") : undefined;
  const manifest = await index.find("manifest.json");
  const items = manifest && await readDockerSave(contents, manifest);
  if (layout && !(items && isGraphDriverSave(index, items))) {
    const bytes = await contents.read(layout, MAX_DOCUMENT_BYTES);
    const list = contents.parse(layout.name, () => parseImageIndex(bytes));
    return { format: "oci-archive", images: await readOciLayout(contents, list, items ?? []) };
  }
  if (!items) throw notImageArchive(file.path, index.names);
  return { format: "docker-archive", images: await readDockerArchive(contents, items) };
}

/** Docker's `manifest.json` is a list; an object is some other tool's. */
async function readDockerSave(
  contents: ArchiveContents,
  entry: TarEntry,
): Promise<DockerSaveItem[] | undefined> {
  const bytes = await contents.read(entry, MAX_MANIFEST_JSON_BYTES);
  const isObject = bytes.find((byte) => byte > SPACE) === BRACE;
  return isObject ? undefined : contents.parse(entry.name, () => parseDockerSaveManifest(bytes));
}

/**
 * Docker 25 and later with graph drivers writes both layouts, and its OCI half is the worse one: layers in random order
 * (25.0.0), images left out (all without a name but one, to this day). It is told by `repositories`, or by listing plain
 * layers in `LayerSources`; containerd writes neither, and regctl lists compressed ones.
 */
function isGraphDriverSave(index: TarIndex, items: readonly DockerSaveItem[]): boolean {
  return index.has("repositories") ||
    items.some(({ LayerSources = {} }) =>
      Object.values(LayerSources).some(({ mediaType }) => mediaType === MEDIA_TYPE.ociLayer)
    );
}
