import type { SourcedImage } from "../../../../lib/commands/push/sourced_image.ts";
import type { ManifestNode } from "../../../../lib/spec/image.ts";
import { parseReference } from "../../../../lib/spec/reference.ts";
import { MemoryBlobs } from "../../transfer/memory_blobs.ts";

/**
 * Makes an image of an archive called `app.tar` whose blobs nobody reads.
 *
 * @param root Its manifest or index.
 * @param names Its names.
 * @returns The image.
 */
export function sourcedImage(root: ManifestNode, ...names: string[]): SourcedImage {
  return { root, names: names.map(parseReference), source: new MemoryBlobs(), path: "app.tar" };
}
