import { corruptArchive } from "../../archive/archive_error.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import { type ManifestNode, manifestsBottomUp } from "../../spec/image.ts";
import { isIndexType } from "../../spec/media_type.ts";
import { describeManifest, platformImages } from "../../spec/platform_images.ts";
import { wholePart } from "../../spec/whole_part.ts";
import { labelOf, type SourcedImage } from "./sourced_image.ts";

/**
 * The part of an image that can be pushed; see {@linkcode wholePart}.
 *
 * @param image An image.
 * @returns A manifest or index with all it names.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if nothing of the image is whole.
 */
export async function wholeRoot(image: SourcedImage): Promise<ManifestNode> {
  const root = await wholePart(image.root);
  if (root) return root;
  const [first] = absentIn(image.root);
  const absent = absentPlatforms(image.root);
  const others = absent.length > 1 ? `, and nothing is whole of ${absent.join(", ")}` : "";
  throw corruptArchive(image.path, `of the image ${labelOf(image)}, ${first!.digest} is missing${others}`);
}

/**
 * What an index lists that the archive does not hold, or not completely.
 *
 * @param root A manifest or index.
 * @returns Platforms for people, each once; empty if all is there.
 */
export function absentPlatforms(root: ManifestNode): string[] {
  const partial = platformImages(root).filter(({ absent }) => absent?.length);
  const listed = [...manifestsBottomUp(root)].flatMap(({ descriptor, absent = [] }) =>
    isIndexType(descriptor.mediaType) ? absent.map((descriptor) => ({ descriptor })) : []
  );
  return [...new Set([...partial, ...listed].map(describeManifest))];
}

function absentIn(root: ManifestNode): Descriptor[] {
  return [...manifestsBottomUp(root)].flatMap(({ absent = [] }) => absent);
}
