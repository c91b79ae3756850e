import { entryName, namedEntry } from "../../lib/layout/cached_images.ts";
import type { ImageLayout } from "../../lib/layout/image_layout.ts";
import type { Descriptor } from "../../lib/spec/descriptor.ts";
import { digestOf } from "../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import { tarBytes } from "./archives.ts";

/** A blob with its content. */
export interface BlobContent {
  descriptor: Descriptor;
  bytes: Uint8Array<ArrayBuffer>;
}

/** An image, with all that other tools want to see in one. */
export interface LayoutImage {
  /** Its name. */
  name: string;
  /** Its only layer. */
  layer: BlobContent;
  /** Its config. */
  config: BlobContent;
  /** Its manifest. */
  manifest: BlobContent;
}

/**
 * Makes an image.
 *
 * @param name Its name.
 * @param layerText Sets its layer apart from others.
 * @returns The image.
 */
export async function makeLayoutImage(name: string, layerText: string = name): Promise<LayoutImage> {
  const layer = await contentOf(MEDIA_TYPE.ociLayer, tarBytes([{ name: "file", body: encode(layerText) }]));
  const config = await contentOf(
    MEDIA_TYPE.ociConfig,
    encode(JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Labels: { name } },
      rootfs: { type: "layers", diff_ids: [layer.descriptor.digest] },
    })),
  );
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: config.descriptor,
    layers: [layer.descriptor],
  };
  return {
    name,
    layer,
    config,
    manifest: await contentOf(MEDIA_TYPE.ociManifest, encode(JSON.stringify(document))),
  };
}

/**
 * Puts an image into a layout: the layer as it is downloaded, in parts.
 *
 * @param layout The layout; it must have been created.
 * @param image The image.
 */
export async function putLayoutImage(layout: ImageLayout, image: LayoutImage): Promise<void> {
  const { layer, config, manifest, name } = image;
  using ingest = await layout.openIngest(`layer_of_${layer.descriptor.digest.slice(-12)}`);
  if (ingest) {
    await ingest.truncate(0);
    await ingest.write(layer.bytes.subarray(0, 100));
    await ingest.write(layer.bytes.subarray(100));
    await ingest.commit(layer.descriptor);
  }
  for (const { descriptor, bytes } of [config, manifest]) await layout.writeBlob(descriptor, bytes);
  const entry = namedEntry(name, manifest.descriptor);
  await layout.updateIndex((entries) => [...entries.filter((each) => entryName(each) !== name), entry]);
}

async function contentOf(mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<BlobContent> {
  return { descriptor: { mediaType, digest: await digestOf(bytes), size: bytes.length }, bytes };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
