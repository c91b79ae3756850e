import { isWhole, type ManifestNode } from "./image.ts";
import { attestationsOf, platformImages } from "./platform_images.ts";
import { subsetIndex } from "./subset_index.ts";

/**
 * The part of an image that a registry will take. Archives may hold an index without some of what it lists: docker keeps
 * the whole index when it pulls one platform. A single platform that is there goes without an index, as with
 * `docker push`; of several, none is left out: they get a new index, with those of their attestations that are there.
 *
 * @param root A manifest or index.
 * @returns `root` itself if it is whole; `undefined` if no image below it is.
 */
export async function wholePart(root: ManifestNode): Promise<ManifestNode | undefined> {
  if (isWhole(root)) return root;
  const images = platformImages(root).filter(isWhole);
  if (images.length === 0) return undefined;
  const attestations = images.length === 1 ? [] : attestationsOf(root, images).filter(isWhole);
  return await subsetIndex(root, { images, attestations });
}
