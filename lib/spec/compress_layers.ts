import { convertFormat } from "./convert_format.ts";
import type { Descriptor } from "./descriptor.ts";
import { type Digest, digestOf } from "./digest.ts";
import { parseImageIndex, parseImageManifest } from "./documents.ts";
import { distinctBlobs, type ManifestNode, manifestsBottomUp } from "./image.ts";
import { makeIndex } from "./make_index.ts";
import { isIndexType, MEDIA_TYPE } from "./media_type.ts";
import { withoutAttestations } from "./without_attestations.ts";

/** How layers of images may be compressed. */
export type LayerCompression = "gzip" | "zstd";

/** Types of plain layers, and of what becomes of them. Docker's has none for zstd. */
const COMPRESSED_TYPES: Readonly<Record<string, Readonly<Record<LayerCompression, string>>>> = {
  [MEDIA_TYPE.ociLayer]: { gzip: MEDIA_TYPE.ociLayerGzip, zstd: MEDIA_TYPE.ociLayerZstd },
  [MEDIA_TYPE.dockerLayer]: { gzip: MEDIA_TYPE.dockerLayerGzip, zstd: MEDIA_TYPE.ociLayerZstd },
};

/** What is known of a compressed layer. */
export type CompressedBlob = Pick<Descriptor, "digest" | "size">;

/**
 * The type of a plain layer once it is compressed.
 *
 * @param mediaType Type of the plain layer.
 * @param compression How it is compressed.
 * @returns The type; `undefined` if this is not the type of a plain layer.
 */
export function compressedType(mediaType: string, compression: LayerCompression): string | undefined {
  return Object.hasOwn(COMPRESSED_TYPES, mediaType) ? COMPRESSED_TYPES[mediaType]![compression] : undefined;
}

/**
 * The layers of images that are not compressed, as far as their types tell. Those of artifacts stay what they are.
 *
 * @param root A manifest or index.
 * @returns The layers, each digest once.
 */
export function plainLayers(root: ManifestNode): Descriptor[] {
  const images = [...manifestsBottomUp(root)].filter(({ config }) => config);
  return distinctBlobs(...images).filter(({ mediaType }) => compressedType(mediaType, "gzip"));
}

/**
 * Puts compressed layers in the place of plain ones. Configs stay, since they name layers by their plain content.
 * Attestations are left out where digests change, and what has docker's types gets OCI's where docker has none.
 *
 * @param root A manifest or index.
 * @param compressed What became of layers, by digest of the plain layer.
 * @param compression How they were compressed.
 * @returns `root` itself if none of these is in it; else its equivalent, under another digest.
 */
export async function compressLayers(
  root: ManifestNode,
  compressed: ReadonlyMap<Digest, CompressedBlob>,
  compression: LayerCompression,
): Promise<ManifestNode> {
  if (!plainLayers(root).some(({ digest }) => compressed.has(digest))) return root;
  const plain = await withoutAttestations(root);
  const base = compression === "zstd" ? await convertFormat(plain, "oci") : plain;
  return await rewrite(base, (layer) => {
    const blob = compressed.get(layer.digest);
    const mediaType = compressedType(layer.mediaType, compression);
    return blob && mediaType ? { ...layer, mediaType, ...blob } : layer;
  });
}

async function rewrite(node: ManifestNode, change: (layer: Descriptor) => Descriptor): Promise<ManifestNode> {
  if (!isIndexType(node.descriptor.mediaType)) {
    return node.config ? await rewriteManifest(node, change) : node;
  }
  const children: ManifestNode[] = [];
  for (const child of node.children) children.push(await rewrite(child, change));
  if (children.every((child, at) => child === node.children[at])) return node;
  const { artifactType, subject, annotations } = parseImageIndex(node.bytes);
  const { mediaType } = node.descriptor;
  const index = await makeIndex(children, { mediaType, artifactType, subject, annotations });
  return { ...index, descriptor: { ...node.descriptor, ...index.descriptor } };
}

async function rewriteManifest(
  node: ManifestNode,
  change: (layer: Descriptor) => Descriptor,
): Promise<ManifestNode> {
  const { mediaType } = node.descriptor;
  const manifest = parseImageManifest(node.bytes);
  const layers = manifest.layers.map(change);
  if (layers.every((layer, at) => layer === manifest.layers[at])) return node;
  const { config, subject, artifactType, annotations } = manifest;
  const bytes = new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType, artifactType, config, layers, subject, annotations }),
  );
  const descriptor = { ...node.descriptor, digest: await digestOf(bytes), size: bytes.length };
  return { ...node, descriptor, bytes, blobs: [config, ...layers] };
}
