import type { Descriptor } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import type { ImageIndex } from "./documents.ts";
import type { ManifestNode } from "./image.ts";
import { platformOf } from "./platform_images.ts";

/**
 * Writes an index. The same children give the same digest.
 *
 * @param children What it lists.
 * @param about Its media type, and what else it says.
 * @returns The index.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export async function makeIndex(
  children: readonly ManifestNode[],
  about: Omit<ImageIndex, "manifests"> & { mediaType: string },
): Promise<ManifestNode> {
  const { mediaType, artifactType, subject, annotations } = about;
  const manifests = children.map(entryOf);
  const bytes = new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType, artifactType, manifests, subject, annotations }),
  );
  const descriptor = { mediaType, digest: await digestOf(bytes), size: bytes.length };
  return { descriptor, bytes, blobs: [], children, subject };
}

function entryOf(node: ManifestNode): Descriptor {
  const { mediaType, digest, size, urls, annotations, artifactType } = node.descriptor;
  return { mediaType, digest, size, urls, annotations, platform: platformOf(node), artifactType };
}
