import type { Image } from "../../spec/image.ts";
import { formatReference } from "../../spec/reference.ts";
import type { BlobSource } from "../../transfer/ports.ts";

/** An image with what its blobs are read from. */
export interface SourcedImage extends Image {
  /** Where its blobs are. */
  source: BlobSource;
  /** The archive, for messages. */
  path: string;
}

/**
 * Names an image for people.
 *
 * @param image An image.
 * @returns Its first name, else its digest.
 */
export function labelOf({ names, root }: Image): string {
  return names[0] ? formatReference(names[0]) : root.descriptor.digest;
}
