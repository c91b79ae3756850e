import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import { digestOf } from "../../../../lib/spec/digest.ts";
import type { Image, ManifestNode } from "../../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { parseReference } from "../../../../lib/spec/reference.ts";
import type { MemoryBlobs } from "../memory_blobs.ts";

const encoder = new TextEncoder();

/**
 * Makes a manifest whose config and layers are these texts.
 *
 * @param blobs Holds the content.
 * @param config Text of the config.
 * @param layers Text of each layer; a descriptor stands for itself.
 * @returns The manifest.
 */
export async function makeManifest(
  blobs: MemoryBlobs,
  config: string,
  layers: readonly (string | Descriptor)[],
): Promise<ManifestNode> {
  const mediaType = MEDIA_TYPE.ociManifest;
  const content = { ...await blobs.add(encoder.encode(config)), mediaType: MEDIA_TYPE.ociConfig };
  const descriptors = await Promise.all(
    layers.map((layer) => typeof layer === "string" ? blobs.add(encoder.encode(layer)) : layer),
  );
  return await node(mediaType, { schemaVersion: 2, mediaType, config: content, layers: descriptors }, {
    blobs: [content, ...descriptors],
    children: [],
  });
}

/**
 * Makes an index.
 *
 * @param children What it lists.
 * @returns The index.
 */
export async function makeIndex(...children: ManifestNode[]): Promise<ManifestNode> {
  const mediaType = MEDIA_TYPE.ociIndex;
  const manifests = children.map(({ descriptor }) => descriptor);
  return await node(mediaType, { schemaVersion: 2, mediaType, manifests }, { blobs: [], children });
}

/**
 * Makes an image of an archive.
 *
 * @param root Its manifest or index.
 * @param names Its names.
 * @returns The image.
 */
export function makeImage(root: ManifestNode, ...names: string[]): Image {
  return { root, names: names.map(parseReference) };
}

async function node(
  mediaType: string,
  document: unknown,
  below: Pick<ManifestNode, "blobs" | "children">,
): Promise<ManifestNode> {
  const bytes = encoder.encode(JSON.stringify(document));
  return { descriptor: { mediaType, digest: await digestOf(bytes), size: bytes.length }, bytes, ...below };
}
