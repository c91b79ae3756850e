import { corruptArchive } from "../../archive/archive_error.ts";
import type { BlobCache } from "../../layout/blob_cache.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import { DocumentError } from "../../spec/documents.ts";
import { isWhole, type ManifestNode } from "../../spec/image.ts";
import { parseConfigAs, parseIndexAs, parseManifestAs } from "../../spec/manifest_documents.ts";
import { isIndexType, isManifestType, isNonDistributable } from "../../spec/media_type.ts";
import type { BlobSource } from "../../transfer/ports.ts";
import type { BlobRange } from "../../util/stream_body.ts";
import type { SourcedImage } from "./sourced_image.ts";

/** Indexes within indexes; real ones have one level, or two. */
const MAX_INDEX_DEPTH = 8;

/**
 * Takes from the cache what an archive lacks of an image, as far as it is there and undamaged.
 *
 * @param image The image.
 * @param cache What was pulled; it holds what is used of it.
 * @param signal Ends the reading.
 * @returns The image itself if it is whole, or the cache is of no use.
 */
export async function completeImage(
  image: SourcedImage,
  cache: BlobCache,
  signal: AbortSignal,
): Promise<SourcedImage> {
  if (isWhole(image.root)) return image;
  const completion = new Completion(cache, signal);
  const root = await completion.complete(image.root, 0);
  return { ...image, root, source: completion.sourceWith(image) };
}

/** One image that is being completed. */
class Completion {
  #cache: BlobCache;
  #signal: AbortSignal;
  #found = new Set<Digest>();

  constructor(cache: BlobCache, signal: AbortSignal) {
    this.#cache = cache;
    this.#signal = signal;
  }

  async complete(node: ManifestNode, depth: number): Promise<ManifestNode> {
    if (isIndexType(node.descriptor.mediaType)) return await this.#completeIndex(node, depth);
    const { absent = [], blobs: [config] } = node;
    const stillAbsent: Descriptor[] = [];
    for (const blob of absent) {
      if (await this.#cache.verifyBlob(blob, this.#signal)) this.#found.add(blob.digest);
      else stillAbsent.push(blob);
    }
    const isConfigFound = config && this.#found.has(config.digest) && !node.config;
    const bytes = isConfigFound ? await this.#cache.readDocument(config.digest) : undefined;
    return { ...node, absent: stillAbsent, config: bytes ? parseConfigAs(config!, bytes) : node.config };
  }

  /** What is not in the cache is read from where the rest of the image is. */
  sourceWith({ source, path }: SourcedImage): BlobSource {
    const isFound = ({ digest }: Descriptor): boolean => this.#found.has(digest);
    return {
      identityOf: (blob) => isFound(blob) ? `cache ${blob.digest}` : source.identityOf(blob),
      openBlob: (blob, range) =>
        isFound(blob) ? ReadableStream.from(this.#read(blob, { path, range })) : source.openBlob(blob, range),
    };
  }

  async *#read(
    blob: Descriptor,
    { path, range }: { path: string; range: BlobRange | undefined },
  ): AsyncGenerator<Uint8Array, void, void> {
    const stream = await this.#cache.openBlob(blob, range);
    if (!stream) throw corruptArchive(path, `it lacks ${blob.digest}, and the cache has it no more`);
    yield* stream;
  }

  async #completeIndex(node: ManifestNode, depth: number): Promise<ManifestNode> {
    const children: ManifestNode[] = [];
    const absent: Descriptor[] = [];
    for (const child of node.children) children.push(await this.complete(child, depth + 1));
    for (const child of node.absent ?? []) {
      const found = await this.#readNode(child, depth + 1);
      if (found && isWhole(found)) children.push(found);
      else absent.push(child);
    }
    return { ...node, children, absent };
  }

  async #readNode(descriptor: Descriptor, depth: number): Promise<ManifestNode | undefined> {
    const isIndex = isIndexType(descriptor.mediaType);
    if (depth > MAX_INDEX_DEPTH || !isIndex && !isManifestType(descriptor.mediaType)) return undefined;
    const bytes = await this.#cache.readDocument(descriptor.digest);
    if (bytes?.length !== descriptor.size) return undefined;
    try {
      return await this.complete(emptyNode(descriptor, bytes), depth);
    } catch (error) {
      if (error instanceof DocumentError) return undefined;
      throw error;
    }
  }
}

/** A manifest or index as if nothing of what it names were there. */
function emptyNode(descriptor: Descriptor, bytes: Uint8Array): ManifestNode {
  if (isIndexType(descriptor.mediaType)) {
    const { manifests, subject } = parseIndexAs(descriptor, bytes);
    return { descriptor, bytes, blobs: [], children: [], absent: manifests, subject };
  }
  const { config, layers, subject } = parseManifestAs(descriptor, bytes);
  const blobs = [config, ...layers];
  const absent = blobs.filter(({ mediaType }) => !isNonDistributable(mediaType));
  return { descriptor, bytes, blobs, children: [], absent, subject };
}
