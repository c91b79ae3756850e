import {
  type DockerSaveItem,
  MAX_DOCUMENT_BYTES,
  parseDockerSaveManifest,
  parseImageIndex,
} from "../spec/documents.ts";
import type { Image } from "../spec/image.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { ArchiveContents } from "./archive_contents.ts";
import type { ArchiveEntries, ArchiveEntry } from "./archive_entries.ts";
import type { ArchiveFormat } from "./image_archive.ts";
import { corruptArchive } from "./archive_error.ts";
import { readDockerArchive } from "./docker_archive.ts";
import { mergeEqualImages } from "./image_names.ts";
import { notImageArchive } from "./not_an_image.ts";
import { readOciLayout } from "./oci_layout.ts";

/**
 * Largest `manifest.json`. An image of docker's most layers (127) takes 50 KiB of it, so this is hundreds of those or
 * ten thousands of usual ones; containerd stops at 20 MiB, containers/image at 1 MiB.
 */
const MAX_MANIFEST_JSON_BYTES = 16 * 2 ** 20;

const SPACE = 0x20;
const BRACE = 0x7b;

/** What was found in an archive. */
export interface ArchiveImages {
  /** Whose layout it has. */
  format: ArchiveFormat;
  /** Its images, in the order of its own list; each digest once. */
  images: Image[];
  /** Where their blobs are, and what the user should know. */
  contents: ArchiveContents;
}

/**
 * Finds the images of an archive, whatever its layout and whatever it is made of. Only small documents are read, and
 * the start of layers. (The exception is a compressed layer whose name does not tell its digest: it is read once.)
 *
 * @param entries What it consists of.
 * @returns Its images.
 * @throws {PusherError} `ARCHIVE_UNSUPPORTED` if it holds something else than images or in a way not read,
 * `ARCHIVE_CORRUPT` if it is damaged or contradicts itself.
 */
export async function readImages(entries: ArchiveEntries): Promise<ArchiveImages> {
  const contents = new ArchiveContents(entries);
  const { format, images } = await readLayout(contents);
  const distinctImages = mergeEqualImages(images);
  if (distinctImages.length === 0) throw corruptArchive(entries.path, "it lists no image");
  return { format, images: distinctImages, contents };
}

/** Finds out whose layout it is. Where both are there, one of them is the truth. */
async function readLayout(contents: ArchiveContents): Promise<Pick<ArchiveImages, "format" | "images">> {
  const { entries } = contents;
  const layout = await entries.has("oci-layout") ? await entries.find("index.json") : undefined;
  const manifest = await entries.find("manifest.json");
  const items = manifest && await readDockerSave(contents, manifest);
  if (layout && !(items && await isGraphDriverSave(entries, items))) {
    const bytes = await contents.read(layout, MAX_DOCUMENT_BYTES);
    const list = contents.parse(layout.name, () => parseImageIndex(bytes));
    return { format: "oci-archive", images: await readOciLayout(contents, list, items ?? []) };
  }
  if (!items) throw notImageArchive(entries.path, await entries.names());
  return { format: "docker-archive", images: await readDockerArchive(contents, items) };
}

/** Docker's `manifest.json` is a list; an object is some other tool's. */
async function readDockerSave(
  contents: ArchiveContents,
  entry: ArchiveEntry,
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
async function isGraphDriverSave(
  entries: ArchiveEntries,
  items: readonly DockerSaveItem[],
): Promise<boolean> {
  return await entries.has("repositories") ||
    items.some(({ LayerSources = {} }) =>
      Object.values(LayerSources).some(({ mediaType }) => mediaType === MEDIA_TYPE.ociLayer)
    );
}
