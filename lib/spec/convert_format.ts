import { PusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";
import type { Descriptor } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import { parseImageIndex, parseImageManifest } from "./documents.ts";
import { type ManifestNode, manifestsBottomUp } from "./image.ts";
import { makeIndex } from "./make_index.ts";
import { isIndexType, type ManifestFormat, MEDIA_TYPE, typeInFormat } from "./media_type.ts";
import { withoutAttestations } from "./without_attestations.ts";

/**
 * Rewrites manifests and indexes with the media types of one format; blobs stay what they are. Attestations are left
 * out where digests change, since what they say is about the digests there were. Docker's format has no annotations.
 *
 * @param root A manifest or index.
 * @param format The format.
 * @returns `root` itself if it is of that format; else its equivalent, under another digest.
 * @throws {PusherError} `USAGE` if docker's format has no type for something in it.
 */
export async function convertFormat(root: ManifestNode, format: ManifestFormat): Promise<ManifestNode> {
  return isOfFormat(root, format) ? root : await convert(await withoutAttestations(root), format);
}

/** What has no equivalent is of every format. */
function isOfFormat(root: ManifestNode, format: ManifestFormat): boolean {
  for (const { descriptor, blobs } of manifestsBottomUp(root)) {
    for (const { mediaType } of [descriptor, ...blobs]) {
      if ((typeInFormat(mediaType, format) ?? mediaType) !== mediaType) return false;
    }
  }
  return true;
}

async function convert(node: ManifestNode, format: ManifestFormat): Promise<ManifestNode> {
  if (!isIndexType(node.descriptor.mediaType)) return await convertManifest(node, format);
  const children: ManifestNode[] = [];
  for (const child of node.children) children.push(await convert(child, format));
  const { artifactType, subject, annotations } = parseImageIndex(node.bytes);
  const index = format === "oci"
    ? await makeIndex(children, { mediaType: MEDIA_TYPE.ociIndex, artifactType, subject, annotations })
    : await makeIndex(children, { mediaType: MEDIA_TYPE.dockerManifestList });
  return { ...index, descriptor: { ...index.descriptor, platform: node.descriptor.platform } };
}

async function convertManifest(node: ManifestNode, format: ManifestFormat): Promise<ManifestNode> {
  const { config, layers, subject, artifactType, annotations } = parseImageManifest(node.bytes);
  const mediaType = format === "oci" ? MEDIA_TYPE.ociManifest : MEDIA_TYPE.dockerManifest;
  const converted = {
    schemaVersion: 2,
    mediaType,
    config: convertBlob(config, format),
    layers: layers.map((layer) => convertBlob(layer, format)),
  };
  const document = format === "oci" ? { artifactType, ...converted, subject, annotations } : converted;
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  const { platform, annotations: hints } = node.descriptor;
  return {
    ...node,
    descriptor: {
      mediaType,
      digest: await digestOf(bytes),
      size: bytes.length,
      platform,
      annotations: format === "oci" ? hints : undefined,
    },
    bytes,
    blobs: [converted.config, ...converted.layers],
    subject: format === "oci" ? subject : undefined,
  };
}

/** OCI manifests may name blobs of any type, docker's only those of an image. */
function convertBlob(blob: Descriptor, format: ManifestFormat): Descriptor {
  const mediaType = typeInFormat(blob.mediaType, format);
  if (format === "oci") return { ...blob, mediaType: mediaType ?? blob.mediaType };
  if (mediaType === undefined) throw inexpressible(blob);
  const { digest, size, urls } = blob;
  return { mediaType, digest, size, urls };
}

function inexpressible({ digest, mediaType }: Descriptor): PusherError {
  return new PusherError(
    "USAGE",
    `Cannot convert to docker's format: it has no type for ${digest}, which is "${printable(mediaType)}"`,
    {
      detail: { option: "--format" },
      hint: "Leave --format out, or push to a registry that takes OCI's types.",
    },
  );
}
