import type { ContentPart } from "../spec/content_part.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import { distinctBlobs, type Image, type ManifestNode, manifestsBottomUp, treesOf } from "../spec/image.ts";
import { writeIndex } from "../spec/make_index.ts";
import { isImageConfig } from "../spec/manifest_documents.ts";
import { isNonDistributable, MEDIA_TYPE } from "../spec/media_type.ts";
import { isSamePlatform, type Platform } from "../spec/platform.ts";
import { platformImages, platformOf } from "../spec/platform_images.ts";
import { formatReference, type Reference } from "../spec/reference.ts";
import { TAR_BLOCK_BYTES } from "./tar/tar_header.ts";
import { tarEntryHeader, tarPadding } from "./tar/tar_entry_header.ts";

/** Full name of an image, as containerd and docker write it. */
const IMAGE_NAME = "io.containerd.image.name";
/** Its tag alone, likewise. */
const REF_NAME = "org.opencontainers.image.ref.name";

/** An archive that is yet to be written. */
export interface ArchiveLayout {
  /** All of it, in order. */
  parts: readonly ContentPart[];
  /** Size of all of it. */
  sizeBytes: number;
  /** The blobs among the parts. */
  blobs: readonly Descriptor[];
}

/** What {@linkcode layOutArchive} may know. */
export interface LayoutOptions {
  /** Small blobs whose content is known, such as configs. */
  known?: ReadonlyMap<Digest, Uint8Array> | undefined;
  /** Of an image for several platforms: the one that old tools should see. */
  platform?: Platform | undefined;
}

/**
 * Plans a tar archive that docker, podman, containerd, skopeo and crane load, and that is an OCI layout as well: lists
 * first, then manifests and configs, then layers, each once. Everything but the content of the blobs is known then, so it
 * can be written in one pass. Equal images give equal archives.
 *
 * Manifests stay byte for byte what they are. Layers that may not be distributed are left out.
 *
 * @param images What goes in; each digest once.
 * @param options What is known.
 * @returns The archive, part by part.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export async function layOutArchive(
  images: readonly Image[],
  options: LayoutOptions = {},
): Promise<ArchiveLayout> {
  const { known = new Map(), platform } = options;
  const index = await writeIndex(images.flatMap(indexEntries), { mediaType: MEDIA_TYPE.ociIndex });
  const items = images.flatMap((image) => dockerItem(image, platform));
  const trees = images.flatMap(treesOf);
  const blobs = distinctBlobs(...trees).filter(({ mediaType }) => !isNonDistributable(mediaType));
  const files: [name: string, content: Uint8Array | Descriptor][] = [
    ["oci-layout", json({ imageLayoutVersion: "1.0.0" })],
    ["index.json", index.bytes],
    ...(items.length > 0 ? [["manifest.json", json(items)] as [string, Uint8Array]] : []),
  ];
  for (const { descriptor, bytes } of manifestsBottomUp(...trees)) files.push([blobPath(descriptor), bytes]);
  const isKnown = ({ digest }: Descriptor): boolean => known.has(digest);
  for (const blob of blobs.filter(isKnown)) files.push([blobPath(blob), known.get(blob.digest)!]);
  const streamed = blobs.filter((blob) => !isKnown(blob));
  for (const blob of streamed) files.push([blobPath(blob), blob]);
  const parts = joinBytes(files.flatMap(([name, content]) => entryParts(name, content)));
  return { parts, sizeBytes: parts.reduce((sum, part) => sum + sizeOf(part), 0), blobs: streamed };
}

/** One for each name: that is how a layout says that an image has several. */
function indexEntries({ names, root }: Image): Descriptor[] {
  const { mediaType, digest, size, platform, artifactType } = root.descriptor;
  const entry = { mediaType, digest, size, platform: platform ?? platformOf(root), artifactType };
  if (names.length === 0) return [entry];
  return names.map((name) => ({
    ...entry,
    annotations: { [IMAGE_NAME]: nameOf(name), ...(name.tag === undefined ? {} : { [REF_NAME]: name.tag }) },
  }));
}

/** A tag and a digest together are no name that tools take. */
function nameOf(name: Reference): string {
  return formatReference(name.tag === undefined ? name : { ...name, digest: undefined });
}

/** An entry of docker's list. It has room for one platform, and for images only. */
function dockerItem({ names, root }: Image, platform: Platform | undefined): object[] {
  const images = platformImages(root).filter(({ blobs: [config] }) => config && isImageConfig(config));
  const runsHere = (node: ManifestNode): boolean => {
    const own = platformOf(node);
    return own !== undefined && platform !== undefined && isSamePlatform(own, platform);
  };
  const image = images.find(runsHere) ?? images[0];
  if (!image) return [];
  const [config, ...layers] = image.blobs.map(blobPath);
  const tags = names.filter(({ tag }) => tag !== undefined).map(nameOf);
  return [{ Config: config, RepoTags: tags.length > 0 ? tags : null, Layers: layers }];
}

/** Made of a checked digest alone: nothing from outside decides about names. */
function blobPath({ digest }: Descriptor): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function entryParts(name: string, content: Uint8Array | Descriptor): ContentPart[] {
  const sizeBytes = content instanceof Uint8Array ? content.length : content.size;
  return [
    { bytes: tarEntryHeader(name, sizeBytes) },
    content instanceof Uint8Array ? { bytes: content } : { blob: content },
    { bytes: tarPadding(sizeBytes) },
  ];
}

/** The archive ends in two empty blocks. */
function joinBytes(parts: readonly ContentPart[]): ContentPart[] {
  const joined: ContentPart[] = [];
  let known: Uint8Array[] = [];
  const flush = (): void => {
    joined.push({ bytes: concat(known) });
    known = [];
  };
  for (const part of parts) {
    if ("bytes" in part) known.push(part.bytes);
    else {
      flush();
      joined.push(part);
    }
  }
  known.push(new Uint8Array(2 * TAR_BLOCK_BYTES));
  flush();
  return joined;
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function sizeOf(part: ContentPart): number {
  return "bytes" in part ? part.bytes.length : part.blob.size;
}

function json(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}
