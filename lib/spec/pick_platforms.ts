import { isWhole, type ManifestNode } from "./image.ts";
import { isSamePlatform, type Platform } from "./platform.ts";
import { attestationsOf, platformImages, platformOf } from "./platform_images.ts";
import { subsetIndex } from "./subset_index.ts";

/**
 * Keeps some platforms of an image. A single one goes without an index, with the digest it has; several, with their
 * attestations, get a new index unless they are all of it. Of Windows, every version that is there counts.
 *
 * @param root A manifest or index.
 * @param platforms The platforms, at least one.
 * @returns The part that runs on them, and those of the platforms that are not there, or not whole.
 *
 * @example Keep one platform of an archive's image
 * ```ts
 * import { openArchive, parsePlatform, pickPlatforms } from "../mod.ts";
 * import assert from "node:assert/strict";
 *
 * using archive = await openArchive("tests/fixtures/archives/c8d-mp.tar");
 * const { picked } = await pickPlatforms(archive.images[0]!.root, [parsePlatform("linux/arm64")!]);
 * assert.equal(picked?.config?.architecture, "arm64");
 * ```
 */
export async function pickPlatforms(
  root: ManifestNode,
  platforms: readonly Platform[],
): Promise<{ picked: ManifestNode | undefined; missing: Platform[] }> {
  const whole = platformImages(root).filter(isWhole);
  const runsOn = (node: ManifestNode, platform: Platform): boolean => {
    const own = platformOf(node);
    return own !== undefined && isSamePlatform(own, platform);
  };
  const missing = platforms.filter((platform) => !whole.some((node) => runsOn(node, platform)));
  const images = whole.filter((node) => platforms.some((platform) => runsOn(node, platform)));
  if (images.length === 0) return { picked: undefined, missing };
  const attestations = images.length === 1 ? [] : attestationsOf(root, images).filter(isWhole);
  return { picked: await subsetIndex(root, { images, attestations }), missing };
}
