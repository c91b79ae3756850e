import type { Descriptor } from "../../spec/descriptor.ts";
import { distinctBlobs, type Image, treesOf } from "../../spec/image.ts";
import type { Digest } from "../../spec/digest.ts";
import type { BlobSource } from "../ports.ts";

/**
 * Makes one source of several: each blob is read from the first that has an image with it.
 *
 * @param parts Images, and where their blobs are.
 * @returns The source for all of them.
 */
export function joinSources(parts: readonly { image: Image; source: BlobSource }[]): BlobSource {
  const sources = new Map<Digest, BlobSource>();
  for (const { image, source } of parts) {
    for (const { digest } of distinctBlobs(...treesOf(image))) {
      if (!sources.has(digest)) sources.set(digest, source);
    }
  }
  const sourceOf = (blob: Descriptor): BlobSource => {
    const source = sources.get(blob.digest);
    if (!source) throw new RangeError(`Cannot read ${blob.digest} as no image names it`);
    return source;
  };
  return {
    identityOf: (blob) => sourceOf(blob).identityOf(blob),
    openBlob: (blob, range) => sourceOf(blob).openBlob(blob, range),
  };
}
