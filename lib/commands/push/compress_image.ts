import { type CompressedBlob, compressLayers, type LayerCompression } from "../../spec/compress_layers.ts";
import type { Digest } from "../../spec/digest.ts";
import type { Image } from "../../spec/image.ts";
import { attestationsOf } from "../../spec/platform_images.ts";
import { referrersOf } from "../../spec/referrers.ts";
import { printable } from "../../util/printable.ts";
import { labelOf } from "./sourced_image.ts";

/**
 * Makes of an image one with compressed layers.
 *
 * @param image An image.
 * @param compressed What became of its layers, by digest of the plain layer.
 * @param compression How they were compressed.
 * @returns The image, and a sentence on what became of it.
 */
export async function compressImage(
  image: Image,
  compressed: ReadonlyMap<Digest, CompressedBlob>,
  compression: LayerCompression,
): Promise<{ image: Image; notice: string }> {
  const label = printable(labelOf(image));
  const root = await compressLayers(image.root, compressed, compression);
  if (root === image.root) return { image, notice: `${label} has no plain layers: it is pushed as it is.` };
  // What the archive's list says of the image, such as where it was pulled from, holds for it still.
  const descriptor = { ...root.descriptor, annotations: image.root.descriptor.annotations };
  const referrers = referrersOf(root, image.referrers ?? []);
  const lost = (image.referrers ?? []).length - referrers.length;
  const changes = [
    `with ${compression} layers`,
    ...(attestationsOf(root).length < attestationsOf(image.root).length ? ["without attestations"] : []),
    ...(lost === 0 ? [] : [`without ${lost} of the manifests that refer to it`]),
    ...(descriptor.mediaType === image.root.descriptor.mediaType ? [] : ["in OCI's format"]),
    `under the new digest ${descriptor.digest}`,
  ];
  return {
    image: {
      ...image,
      root: { ...root, descriptor },
      referrers,
      archiveDigest: image.archiveDigest ?? image.root.descriptor.digest,
    },
    notice: `${label} is pushed ${changes.join(", ")}.`,
  };
}
