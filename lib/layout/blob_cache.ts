import { isPusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import { algorithmOf, type Digest, digestLike } from "../spec/digest.ts";
import { MAX_DOCUMENT_BYTES } from "../spec/documents.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { BestEffort } from "../util/best_effort.ts";
import type { Clock } from "../util/clock.ts";
import { printable } from "../util/printable.ts";
import { FileHashes } from "../util/file_hashes.ts";
import { mapConcurrently } from "../util/map_concurrently.ts";
import type { BlobRange } from "../util/stream_body.ts";
import { systemReason } from "../util/system_reason.ts";
import { CacheDraft } from "./cache_draft.ts";
import { contentOf, entryName, namedEntry } from "./cached_images.ts";
import { ImageLayout, ingestNameOf } from "./image_layout.ts";
import { pruneCache, removeOldest, sizeOf, without } from "./prune_cache.ts";
import { blobPath, type StoredBlob } from "./stored_blobs.ts";

/** How long half a blob is kept for somebody to go on with. */
const DRAFT_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

/** What a {@linkcode BlobCache} needs. */
export interface BlobCacheOptions {
  /** Time. */
  clock: Clock;
  /** Most bytes that are kept. */
  maxBytes: number;
  /** Told, once, why nothing is kept, and of blobs that were damaged. */
  onNotice: (message: string) => void;
  /** Ends waiting for other processes. */
  signal?: AbortSignal | undefined;
  /**
   * Most threads that verify what is kept, besides this one.
   *
   * @default {0}
   */
  hashThreads?: number | undefined;
}

/**
 * Blobs and images that were pulled, in `cache/` of the state directory: an image layout that other tools can read. It has a
 * bound, and makes room by removing what was used least recently. Nothing here ever stops a transfer: where nothing can be
 * kept, a notice says so, once.
 *
 * What was found or kept is held until the cache is disposed, so that nobody removes it meanwhile.
 */
export class BlobCache implements Disposable {
  /** Where it is. */
  readonly path: string;
  #layout: ImageLayout;
  #options: BlobCacheOptions;
  #held = new Map<Digest, Disposable>();
  /** What was verified, or is being verified, since the cache was opened. */
  #verified = new Map<Digest, Promise<boolean>>();
  #hashes: FileHashes;
  #opening: Promise<void> | undefined;
  /** What was here in the beginning, and what is on its way. */
  #stored: readonly StoredBlob[] = [];
  #addedBytes = 0;
  #keeping = new BestEffort((error) => this.#tellFailure(error));

  /**
   * Names the directory; nothing is read or created yet.
   *
   * @param stateDirectory The state directory.
   * @param options Its bound, time, and who hears of what is wrong.
   */
  constructor(stateDirectory: string, options: BlobCacheOptions) {
    this.path = cachePath(stateDirectory);
    this.#layout = new ImageLayout(this.path, options.clock, { signal: options.signal });
    this.#options = options;
    this.#hashes = new FileHashes(options.hashThreads ?? 0);
  }

  /**
   * Opens the content of a blob that is kept. Nothing is verified here.
   *
   * @param blob Which.
   * @param range Which part; the whole by default.
   * @returns A stream in reused buffers, each chunk valid until the next one is asked for; `undefined` if it is not kept.
   */
  async openBlob(blob: Descriptor, range?: BlobRange): Promise<ReadableStream<Uint8Array> | undefined> {
    if (!await this.holdBlob(blob)) return undefined;
    return await this.#unlessUnreadable(() => this.#layout.openBlob(blob.digest, range));
  }

  /**
   * Keeps others from removing a blob until the cache is disposed.
   *
   * @param blob Which.
   * @returns Whether it is here, with the size that it should have.
   */
  async holdBlob(blob: Descriptor): Promise<boolean> {
    const sizeBytes = await this.#unlessUnreadable(() => this.#layout.blobSize(blob.digest));
    if (sizeBytes === undefined) return false;
    if (sizeBytes === blob.size) return await this.#hold(blob.digest);
    // It may be that whoever names it is wrong about its size, and not the copy.
    const { signal = new AbortController().signal } = this.#options;
    await this.#verify({ ...blob, size: sizeBytes }, signal);
    return false;
  }

  /**
   * Begins to verify blobs, for {@linkcode BlobCache.verifyBlob} to tell of each. They are verified in their order, as many at
   * once as there are threads.
   *
   * @param blobs Which.
   * @param signal Ends the reading.
   */
  verifyAhead(blobs: readonly Descriptor[], signal: AbortSignal): void {
    const options = { concurrency: this.#options.hashThreads ?? 0, signal };
    // Who asks for one of them hears of it.
    mapConcurrently(blobs, (blob) => this.verifyBlob(blob, signal), options).catch(() => {});
  }

  /**
   * Finds out whether a blob is kept, and undamaged: all of it is read, once. A damaged one is removed.
   *
   * @param blob Which.
   * @param signal Ends the reading.
   * @returns Whether it is.
   */
  async verifyBlob(blob: Descriptor, signal: AbortSignal): Promise<boolean> {
    const known = this.#verified.get(blob.digest);
    const verified = known ?? this.#verify(blob, signal);
    this.#verified.set(blob.digest, verified);
    return await verified;
  }

  /**
   * Reads a manifest or the like.
   *
   * @param digest Its digest, which is verified.
   * @returns Its content; `undefined` if it is not kept.
   */
  async readDocument(digest: Digest): Promise<Uint8Array | undefined> {
    const size = await this.#unlessUnreadable(() => this.#layout.blobSize(digest));
    if (size === undefined || size > MAX_DOCUMENT_BYTES) return undefined;
    const blob = { mediaType: MEDIA_TYPE.octetStream, digest, size };
    if (!await this.holdBlob(blob)) return undefined;
    const bytes = await this.#unlessUnreadable(() => this.#layout.readBlob(digest));
    if (bytes && await digestLike(bytes, digest) === digest) return bytes;
    await this.#drop(blob);
    return undefined;
  }

  /**
   * Forgets a blob that turned out to be damaged.
   *
   * @param blob Which.
   */
  async dropBlob(blob: Descriptor): Promise<void> {
    const dropped = this.#drop(blob).then(() => false);
    this.#verified.set(blob.digest, dropped);
    await dropped;
  }

  /**
   * Begins to keep a blob, or goes on with what an earlier process has left of it.
   *
   * @param blob Which.
   * @returns The blob on its way; `undefined` if it is larger than the cache, or somebody else is at it.
   */
  async keepBlob(blob: Descriptor): Promise<CacheDraft | undefined> {
    if (blob.size > this.#options.maxBytes) return undefined;
    return await this.#keeping.attempt(async () => {
      await this.#open();
      if (!await this.#makeRoom(blob.size)) return undefined;
      const ingest = await this.#layout.openIngest(ingestNameOf(blob.digest));
      if (!ingest) return undefined;
      this.#addedBytes += blob.size;
      if (ingest.sizeBytes > blob.size) await ingest.truncate(0);
      return new CacheDraft(blob, ingest, {
        onKept: async () => {
          this.#verified.delete(blob.digest);
          await this.#hold(blob.digest);
        },
        onFailure: (error) => this.#keeping.end(error),
      });
    });
  }

  /**
   * Keeps documents that are all there.
   *
   * @param documents Manifests, indexes, configs.
   */
  async keepDocuments(documents: readonly { descriptor: Descriptor; bytes: Uint8Array }[]): Promise<void> {
    await this.#keeping.attempt(async () => {
      await this.#open();
      for (const { descriptor, bytes } of documents) await this.#layout.writeBlob(descriptor, bytes);
    });
  }

  /**
   * Lists images, where all that they consist of is kept, and makes sure that no more is kept than should be. What was held
   * is held no more.
   *
   * @param images Their names, and what these stand for now.
   */
  async finish(images: readonly { name: string; root: Descriptor }[]): Promise<void> {
    await this.#keeping.attempt(async () => {
      await this.#open();
      const names = new Set(images.map(({ name }) => name));
      await this.#layout.updateIndex(async (entries) => {
        const added: Descriptor[] = [];
        for (const { name, root } of images) {
          if (await contentOf(this.#layout, root)) added.push(namedEntry(name, root));
          else names.delete(name);
        }
        return [...entries.filter((entry) => !names.has(entryName(entry) ?? "")), ...added];
      });
      this[Symbol.dispose]();
      const draftsBeforeMs = this.#options.clock.now() - DRAFT_LIFETIME_MS;
      await pruneCache(this.#layout, { maxBytes: this.#options.maxBytes, draftsBeforeMs });
    });
  }

  /** Lets others remove what was held. */
  [Symbol.dispose](): void {
    this.#hashes[Symbol.dispose]();
    this.#verified.clear();
    for (const held of this.#held.values()) held[Symbol.dispose]();
    this.#held.clear();
  }

  async #verify(blob: Descriptor, signal: AbortSignal): Promise<boolean> {
    if (!await this.holdBlob(blob)) return false;
    const { digest, size: sizeBytes } = blob;
    const algorithm = algorithmOf(digest);
    const hex = await this.#hashes.hex(blobPath(this.path, digest), { sizeBytes, algorithm, signal });
    if (`${algorithm}:${hex}` === digest) return true;
    await this.#drop(blob);
    return false;
  }

  async #drop({ digest }: Descriptor): Promise<void> {
    this.#options.onNotice(`The cache's copy of ${digest} is damaged: it is removed.`);
    this.#held.get(digest)?.[Symbol.dispose]();
    this.#held.delete(digest);
    await this.#keeping.attempt(() => this.#layout.removeBlob(digest));
  }

  async #open(): Promise<void> {
    await (this.#opening ??= this.#create());
  }

  async #create(): Promise<void> {
    try {
      await this.#layout.create();
    } catch (error) {
      if (!isPusherError(error, "STATE_CORRUPT") || !error.detail.path.endsWith("/index.json")) throw error;
      // It says nothing that the next pulls do not say again.
      await Deno.remove(error.detail.path);
      this.#options.onNotice("The cache's list of images was damaged: it begins anew.");
      await this.#layout.create();
    }
    this.#stored = await Array.fromAsync(this.#layout.blobs());
  }

  async #makeRoom(sizeBytes: number): Promise<boolean> {
    const neededBytes = sizeOf(this.#stored) + this.#addedBytes + sizeBytes - this.#options.maxBytes;
    if (neededBytes <= 0) return true;
    const free = this.#stored.filter(({ digest }) => !this.#held.has(digest));
    if (sizeOf(free) < neededBytes) return false;
    const removed = await removeOldest(this.#layout, free, (_, freedBytes) => freedBytes >= neededBytes);
    this.#stored = without(this.#stored, removed);
    return sizeOf(removed) >= neededBytes;
  }

  async #hold(digest: Digest): Promise<boolean> {
    if (this.#held.has(digest)) return true;
    const held = await this.#unlessUnreadable(() => this.#layout.holdBlob(digest));
    if (!held) return false;
    this.#held.set(digest, held);
    await this.#layout.touchBlob(digest);
    return true;
  }

  async #unlessUnreadable<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (isPusherError(error, "STATE_UNREADABLE")) return undefined;
      throw error;
    }
  }

  #tellFailure(error: unknown): void {
    const reason = isPusherError(error) && error.cause !== undefined ? error.cause : error;
    this.#options.onNotice(
      `What is pulled is not kept in "${printable(this.path)}" (${systemReason(reason)}).`,
    );
  }
}

/**
 * Where the cache is.
 *
 * @param stateDirectory The state directory.
 * @returns Path of an image layout, which may not exist yet.
 */
export function cachePath(stateDirectory: string): string {
  return `${stateDirectory}/cache`;
}
