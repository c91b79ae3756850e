import type { Descriptor } from "../spec/descriptor.ts";
import { digestOf } from "../spec/digest.ts";
import {
  type DockerSaveItem,
  type ImageConfig,
  MAX_DOCUMENT_BYTES,
  parseImageConfig,
} from "../spec/documents.ts";
import type { Image, ManifestNode } from "../spec/image.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import type { ArchiveContents } from "./archive_contents.ts";
import { DockerLayers } from "./docker_layers.ts";
import { parseImageNames } from "./image_names.ts";

/**
 * Reads the images that docker save's `manifest.json` lists: docker before 25 (`<id>/layer.tar`), docker 25 and
 * later (`blobs/sha256/<hex>`), podman, skopeo and buildah (`<diff id>.tar`), crane (`<hex>.tar.gz`).
 *
 * @param contents The archive.
 * @param items What `manifest.json` says.
 * @returns The images, with a manifest made for each: the same archive gives the same digests.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if a config or layer is missing, damaged or does not belong to the other,
 * `ARCHIVE_UNSUPPORTED` if a layer is compressed in a way that registries have no name for.
 */
export async function readDockerArchive(
  contents: ArchiveContents,
  items: readonly DockerSaveItem[],
): Promise<Image[]> {
  const layers = new DockerLayers(contents);
  const images: Image[] = [];
  for (const item of items) {
    const names = parseImageNames(item.RepoTags, contents.notices);
    images.push({ names, root: await readItem(contents, layers, item) });
  }
  return images;
}

async function readItem(
  contents: ArchiveContents,
  layers: DockerLayers,
  item: DockerSaveItem,
): Promise<ManifestNode> {
  const { descriptor: configDescriptor, config } = await readConfig(contents, item.Config);
  const diffIds = config.rootfs.diff_ids;
  if (item.Layers.length !== diffIds.length) {
    throw contents.corrupt(
      "manifest.json",
      `the config "${item.Config}" is for ${diffIds.length} layers, but ${item.Layers.length} are listed`,
    );
  }
  const blobs = [configDescriptor];
  for (const [at, diffId] of diffIds.entries()) {
    blobs.push(await layers.describe(item.Layers[at]!, diffId, item.LayerSources?.[diffId]));
  }
  const bytes = formatManifest(blobs);
  const descriptor = { mediaType: MEDIA_TYPE.ociManifest, digest: await digestOf(bytes), size: bytes.length };
  return { descriptor, bytes, blobs, children: [], config };
}

async function readConfig(
  contents: ArchiveContents,
  path: string,
): Promise<{ descriptor: Descriptor; config: ImageConfig }> {
  const entry = await contents.entries.find(path);
  if (!entry) throw contents.corrupt(path, `the config "${path}" is missing`);
  const bytes = await contents.read(entry, MAX_DOCUMENT_BYTES);
  const config = contents.parse(path, () => parseImageConfig(bytes));
  const descriptor = { mediaType: MEDIA_TYPE.ociConfig, digest: await digestOf(bytes), size: bytes.length };
  contents.blobs.set(descriptor.digest, entry);
  return { descriptor, config };
}

/**
 * Writes the manifest. OCI's media types, not docker's: saved layers are plain, for which docker's type is so rare that
 * Quay's schema refuses it; zot takes OCI only; and there is a type for zstd. Field order is that of docker itself, so
 * that an image of docker 25 and later gets the digest that docker wrote into the archive's own OCI half.
 */
function formatManifest([config, ...layers]: readonly Descriptor[]): Uint8Array {
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers };
  return new TextEncoder().encode(JSON.stringify(manifest));
}
