import type { Descriptor } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import type { ImageIndex } from "./documents.ts";
import type { ManifestNode } from "./image.ts";
import { platformOf } from "./platform_images.ts";

/** What an index says beside what it lists. */
export type AboutIndex = Omit<ImageIndex, "manifests"> & { mediaType: string };

/**
 * Makes an index. The same children give the same digest.
 *
 * @param children What it lists.
 * @param about Its media type, and what else it says.
 * @returns The index.
 */
export async function makeIndex(children: readonly ManifestNode[], about: AboutIndex): Promise<ManifestNode> {
  const manifests = children.map((node) => ({ ...node.descriptor, platform: platformOf(node) }));
  return { ...await writeIndex(manifests, about), blobs: [], children, subject: about.subject };
}

/**
 * Writes the document of an index.
 *
 * @param manifests What it lists.
 * @param about Its media type, and what else it says.
 * @returns Its bytes, and what names them.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export async function writeIndex(
  manifests: readonly Descriptor[],
  about: AboutIndex,
): Promise<Pick<ManifestNode, "descriptor" | "bytes">> {
  const { mediaType, artifactType, subject, annotations } = about;
  const entries = manifests.map(inOrder);
  const bytes = new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType, artifactType, manifests: entries, subject, annotations }),
  );
  return { descriptor: { mediaType, digest: await digestOf(bytes), size: bytes.length }, bytes };
}

/** The order of fields is part of a digest. */
function inOrder(
  { mediaType, digest, size, urls, annotations, platform, artifactType }: Descriptor,
): Descriptor {
  return { mediaType, digest, size, urls, annotations, platform, artifactType };
}
