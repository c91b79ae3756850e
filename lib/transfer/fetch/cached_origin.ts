import { isPusherError, PusherError } from "../../errors.ts";
import { DocumentError, manifestTypeOf } from "../../spec/documents.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import { type Digest, isDigest } from "../../spec/digest.ts";
import type { ManifestNode } from "../../spec/image.ts";
import { BufferRing } from "../../util/buffer_ring.ts";
import { reusedChunks } from "../../util/reused_chunks.ts";
import type { BlobCache, ImageOrigin, KeptDraft } from "../ports.ts";

/** A blob on its way through. */
interface Draft {
  keeps: KeptDraft;
  /** What an earlier process had left of what is read. */
  heldBytes: number;
  /** Whether everything in it has passed whoever reads, too. */
  isSeen: boolean;
}

/**
 * A repository of which blobs are kept: what is kept already is not asked for, and what is asked for is kept while it passes.
 * Whoever reads verifies, and says so by {@linkcode CachedOrigin.settleBlob}.
 */
export class CachedOrigin implements ImageOrigin, AsyncDisposable {
  #origin: ImageOrigin;
  #cache: BlobCache;
  /** Blobs that are being read from the cache, and their sizes. */
  #kept = new Map<Digest, number>();
  #drafts = new Map<Digest, Draft>();
  #commits: Promise<void>[] = [];

  /**
   * Reads nothing yet.
   *
   * @param origin The repository.
   * @param cache What is asked first, and keeps what comes from the origin.
   */
  constructor(origin: ImageOrigin, cache: BlobCache) {
    this.#origin = origin;
    this.#cache = cache;
  }

  /** For people and events. */
  get name(): string {
    return this.#origin.name;
  }

  /**
   * Reads a manifest. What a tag stands for is always asked.
   *
   * @param reference Tag or digest.
   * @param signal Ends the request.
   * @returns What it is; `undefined` if there is none.
   */
  async readManifest(
    reference: string,
    signal: AbortSignal,
  ): Promise<Pick<ManifestNode, "descriptor" | "bytes"> | undefined> {
    const kept = isDigest(reference) ? await this.#readKeptManifest(reference) : undefined;
    return kept ?? await this.#origin.readManifest(reference, signal);
  }

  /**
   * Whether all of a blob is kept, and undamaged.
   *
   * @param blob Which.
   * @param signal Ends the reading.
   * @returns Whether whoever reads it need not verify it.
   */
  async isVerified(blob: Descriptor, signal: AbortSignal): Promise<boolean> {
    return !this.#drafts.has(blob.digest) && await this.#cache.verifyBlob(blob, signal);
  }

  /**
   * Opens the content of a blob.
   *
   * @param blob Which.
   * @param offsetBytes The first byte wanted.
   * @param signal Ends the request and the stream.
   * @returns The bytes from there.
   */
  async readBlob(
    blob: Descriptor,
    offsetBytes: number,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    if (await this.isVerified(blob, signal)) {
      this.#kept.set(blob.digest, blob.size - offsetBytes);
      return ReadableStream.from(this.#passKept(blob, offsetBytes, signal));
    }
    const draft = await this.#draftOf(blob, offsetBytes);
    if (!draft) return await this.#origin.readBlob(blob, offsetBytes, signal);
    return ReadableStream.from(this.#passThrough(blob, { keeps: draft.keeps, offsetBytes, signal }));
  }

  /**
   * Keeps a blob that was read to its end, or forgets what was wrong.
   *
   * @param blob Which.
   * @param isRight Whether all of it was what its digest says.
   * @returns How many of its bytes were kept from before.
   */
  async settleBlob(blob: Descriptor, isRight: boolean): Promise<number> {
    const { digest } = blob;
    const keptBytes = this.#kept.get(digest);
    this.#kept.delete(digest);
    const draft = this.#drafts.get(digest);
    this.#drafts.delete(digest);
    if (keptBytes !== undefined && !isRight) await this.#cache.dropBlob(blob);
    if (!draft) return keptBytes ?? 0;
    // It takes as long as the disk does, and nobody has to wait for it.
    if (isRight) this.#commits.push(draft.keeps.commit({ isVerified: draft.isSeen }));
    else await draft.keeps.abandon();
    return draft.heldBytes;
  }

  /** Waits until everything is kept that was right. */
  async finish(): Promise<void> {
    await Promise.all(this.#commits.splice(0));
  }

  /** What is on its way is left for a later process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.finish();
    for (const { keeps } of this.#drafts.values()) keeps[Symbol.dispose]();
    this.#drafts.clear();
  }

  async #readKeptManifest(
    digest: Digest,
  ): Promise<Pick<ManifestNode, "descriptor" | "bytes"> | undefined> {
    const bytes = await this.#cache.readDocument(digest);
    const mediaType = bytes && typeOf(bytes);
    return mediaType ? { descriptor: { mediaType, digest, size: bytes.length }, bytes } : undefined;
  }

  async #draftOf(blob: Descriptor, offsetBytes: number): Promise<Draft | undefined> {
    const known = this.#drafts.get(blob.digest);
    const keeps = known?.keeps ?? await this.#cache.keepBlob(blob);
    if (!keeps) return undefined;
    // Nothing can be kept of a blob that begins elsewhere.
    if (keeps.sizeBytes < offsetBytes) {
      this.#drafts.delete(blob.digest);
      keeps[Symbol.dispose]();
      return undefined;
    }
    const draft = known ?? { keeps, heldBytes: keeps.sizeBytes - offsetBytes, isSeen: offsetBytes === 0 };
    this.#drafts.set(blob.digest, draft);
    return draft;
  }

  /**
   * What cannot be read to its end is received anew from its beginning: whoever reads was told that all of it is verified, and
   * would take the rest from afar unseen.
   */
  async *#passKept(
    blob: Descriptor,
    offsetBytes: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void> {
    try {
      const kept = await this.#cache.openBlob(blob, { offsetBytes });
      if (!kept) throw keptUnreadable(blob);
      for await (const chunk of kept) {
        signal.throwIfAborted();
        yield chunk;
      }
    } catch (error) {
      throw isPusherError(error, "STATE_UNREADABLE") ? keptUnreadable(blob, error) : error;
    }
  }

  /** What is kept goes first. The rest is kept before it is passed on, so that there is never less kept than passed. */
  async *#passThrough(
    blob: Descriptor,
    { keeps, offsetBytes, signal }: { keeps: KeptDraft; offsetBytes: number; signal: AbortSignal },
  ): AsyncGenerator<Uint8Array, void, void> {
    let positionBytes = offsetBytes;
    const buffers = new BufferRing();
    while (positionBytes < keeps.sizeBytes) {
      signal.throwIfAborted();
      const buffer = buffers.next();
      const read = await keeps.readAt(buffer, positionBytes);
      if (read === 0) break;
      positionBytes += read;
      yield buffer.subarray(0, read);
    }
    if (positionBytes === blob.size) return;
    for await (const chunk of reusedChunks(await this.#origin.readBlob(blob, positionBytes, signal))) {
      await keeps.write(chunk);
      yield chunk;
    }
  }
}

function typeOf(bytes: Uint8Array): string | undefined {
  try {
    return manifestTypeOf(bytes);
  } catch (error) {
    if (error instanceof DocumentError) return undefined;
    throw error;
  }
}

function keptUnreadable({ digest }: Descriptor, cause?: PusherError): PusherError<"DIGEST_MISMATCH"> {
  return new PusherError("DIGEST_MISMATCH", `Cannot read blob ${digest}: what was kept of it has gone`, {
    detail: { expected: digest, actual: "an unreadable file" },
    hint: "Run the same command again.",
    cause,
  });
}
