/**
 * Which images of a layout are whole, and what they consist of.
 *
 * @module
 */

import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import { DocumentError, MAX_DOCUMENT_BYTES } from "../spec/documents.ts";
import { parseIndexAs, parseManifestAs } from "../spec/manifest_documents.ts";
import { isIndexType, isManifestType, isNonDistributable } from "../spec/media_type.ts";
import type { ImageLayout } from "./image_layout.ts";

/** Annotations that name an image: the first is what skopeo and podman look for, the second what containerd does. */
const NAME_ANNOTATIONS = ["org.opencontainers.image.ref.name", "io.containerd.image.name"] as const;

/** What is known of a layout that is looked through. */
interface ContentOptions {
  /** Sizes of all blobs that are there; they are looked up one by one when absent. */
  sizes?: ReadonlyMap<Digest, number> | undefined;
}

/** Indexes within indexes; real ones have one level, or two. */
const MAX_INDEX_DEPTH = 8;

/**
 * What names an image in an index.
 *
 * @param name Its full name.
 * @param root Its manifest or index.
 * @returns The entry.
 */
export function namedEntry(name: string, { mediaType, digest, size, platform }: Descriptor): Descriptor {
  const annotations = Object.fromEntries(NAME_ANNOTATIONS.map((key) => [key, name]));
  return { mediaType, digest, size, platform, annotations };
}

/**
 * The name of an image in an index.
 *
 * @param entry What names it.
 * @returns Its name, if it has one.
 */
export function entryName({ annotations = {} }: Descriptor): string | undefined {
  return annotations[NAME_ANNOTATIONS[0]];
}

/**
 * Finds everything that an image consists of, itself included.
 *
 * @param layout Where it is.
 * @param root Its manifest or index.
 * @param options What is known.
 * @returns Sizes by digest; `undefined` if something is missing that other tools would need.
 * @throws {PusherError} `STATE_UNREADABLE`.
 */
export async function contentOf(
  layout: ImageLayout,
  root: Descriptor,
  { sizes }: ContentOptions = {},
): Promise<ReadonlyMap<Digest, number> | undefined> {
  const found = new Map<Digest, number>();
  return await collect(layout, root, { sizes, found, depth: 0 }) ? found : undefined;
}

async function collect(
  layout: ImageLayout,
  descriptor: Descriptor,
  search: ContentOptions & { found: Map<Digest, number>; depth: number },
): Promise<boolean> {
  const { sizes, found, depth } = search;
  const { digest, mediaType, size } = descriptor;
  if (found.has(digest) || isNonDistributable(mediaType)) return true;
  if ((sizes ? sizes.get(digest) : await layout.blobSize(digest)) !== size) return false;
  found.set(digest, size);
  for (const child of await namedBy(layout, descriptor, depth)) {
    if (!await collect(layout, child, { ...search, depth: depth + 1 })) return false;
  }
  return true;
}

async function namedBy(layout: ImageLayout, descriptor: Descriptor, depth: number): Promise<Descriptor[]> {
  const { mediaType, digest, size } = descriptor;
  const isIndex = isIndexType(mediaType);
  if (!isIndex && !isManifestType(mediaType)) return [];
  if (size > MAX_DOCUMENT_BYTES || depth > MAX_INDEX_DEPTH) return [];
  const bytes = await layout.readBlob(digest);
  if (!bytes) return [];
  try {
    if (isIndex) return parseIndexAs(descriptor, bytes).manifests;
    const { config, layers } = parseManifestAs(descriptor, bytes);
    return [config, ...layers];
  } catch (error) {
    if (error instanceof DocumentError) return [];
    throw error;
  }
}
