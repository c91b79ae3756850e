import type { ManifestNode } from "./image.ts";
import { attestationsOf, platformImages } from "./platform_images.ts";
import { subsetIndex } from "./subset_index.ts";

/**
 * Leaves the attestations out of an image. A single platform goes without an index then, as it would have been built.
 *
 * @param root A manifest or index.
 * @returns `root` itself if there are none, or nothing else; else a manifest, or a new index.
 */
export async function withoutAttestations(root: ManifestNode): Promise<ManifestNode> {
  const images = platformImages(root);
  if (attestationsOf(root).length === 0 || images.length === 0) return root;
  return await subsetIndex(root, { images, attestations: [] });
}
