import { parseImageIndex } from "./documents.ts";
import type { ManifestNode } from "./image.ts";
import { makeIndex } from "./make_index.ts";

/**
 * Keeps some of what an index lists: a single image without an index around it, several in a new index, which says of
 * itself what the old one did. What was in nested indexes is listed directly.
 *
 * @param root The top of the tree that all of this is in.
 * @param kept Images to keep, at least one, and attestations.
 * @returns `root` itself if it lists exactly this; else the only image, or a new index.
 */
export async function subsetIndex(
  root: ManifestNode,
  kept: { images: readonly ManifestNode[]; attestations: readonly ManifestNode[] },
): Promise<ManifestNode> {
  const { images, attestations } = kept;
  const [image, ...others] = images;
  if (image && others.length === 0 && attestations.length === 0) return image;
  const nodes = new Set([...images, ...attestations]);
  const isAll = !root.absent?.length && root.children.length === nodes.size &&
    root.children.every((child) => nodes.has(child));
  if (isAll) return root;
  const { artifactType, subject, annotations } = parseImageIndex(root.bytes);
  return await makeIndex([...nodes], {
    mediaType: root.descriptor.mediaType,
    artifactType,
    subject,
    annotations,
  });
}
