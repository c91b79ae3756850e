import {
  type DockerSaveItem,
  MAX_DOCUMENT_BYTES,
  parseDockerSaveManifest,
  parseImageIndex,
} from "../spec/documents.ts";
import type { Image } from "../spec/image.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { ArchiveContents } from "./archive_contents.ts";
import type { ArchiveEntries } from "./archive_entries.ts";
import type { ArchiveFormat } from "./image_archive.ts";
import { corruptArchive } from "./archive_error.ts";
import { readDirTransport } from "./dir_transport.ts";
import { readDockerArchive } from "./docker_archive.ts";
import { mergeEqualImages } from "./image_names.ts";
import { notImageArchive } from "./not_an_image.ts";
import { readOciLayout } from "./oci_layout.ts";

/**
 * Largest `manifest.json`. An image of docker's most layers (127) takes 50 KiB of it, so this is more than a
 * hundred of those or thousands of usual ones; containerd stops at 20 MiB, containers/image at 1 MiB.
 */
export const MAX_MANIFEST_JSON_BYTES: number = 8 * 2 ** 20;

/** Most sentences for the user. */
const MAX_NOTICES = 20;

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
  const { images, ...found } = await readLayout(entries);
  const distinctImages = mergeEqualImages(images);
  if (distinctImages.length === 0) throw corruptArchive(entries.path, "it lists no image");
  const { notices } = found.contents;
  const unsaid = notices.splice(MAX_NOTICES).length;
  if (unsaid > 0) notices.push(`There are ${unsaid} more notices of this kind.`);
  return { ...found, images: distinctImages };
}

/** Finds out whose layout it is. Where several are there, one of them is the truth. */
async function readLayout(entries: ArchiveEntries): Promise<ArchiveImages> {
  const contents = new ArchiveContents(entries);
  const index = await entries.has("oci-layout") ? await entries.find("index.json") : undefined;
  const manifest = await entries.find("manifest.json");
  const bytes = manifest && await contents.read(manifest, MAX_MANIFEST_JSON_BYTES);
  const items = bytes && isJsonList(bytes)
    ? contents.parse(manifest.name, () => parseDockerSaveManifest(bytes))
    : undefined;
  if (index && !(items && await isGraphDriverSave(entries, items))) {
    const bytes = await contents.read(index, MAX_DOCUMENT_BYTES);
    const list = contents.parse(index.name, () => parseImageIndex(bytes));
    const format = entries.kind === "directory" ? "oci-dir" : "oci-archive";
    return { format, images: await readOciLayout(contents, list, items ?? []), contents };
  }
  if (items) return { format: "docker-archive", images: await readDockerArchive(contents, items), contents };
  const dir = bytes && await readDirTransport(contents, bytes);
  if (!dir) throw await notImageArchive(entries);
  return { format: "docker-dir", ...dir };
}

/** Docker's `manifest.json` is a list; an object is some other tool's. */
function isJsonList(bytes: Uint8Array): boolean {
  return bytes.find((byte) => byte > SPACE) !== BRACE;
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
