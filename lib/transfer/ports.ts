/**
 * What the transfer engine needs from the layers above it, and nothing more: archives satisfy
 * {@linkcode BlobSource}, registries {@linkcode PushTarget} and
 * {@linkcode ImageOrigin}.
 *
 * @module
 */

import type { PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import type { ManifestNode } from "../spec/image.ts";
import type { BlobRange, StreamBody } from "../util/stream_body.ts";

/** Something that holds blobs. */
export interface BlobSource {
  /**
   * What a blob is read from: it changes when the content may have, and a remembered upload of what was is not continued.
   *
   * @param blob Which.
   * @returns Text to compare and to keep.
   */
  identityOf(blob: Descriptor): string;
  /**
   * Opens the content of a blob, as often as needed. Chunks come in reused buffers: each is valid until its buffer
   * is handed out again by `range.buffers`, and without those until the next one is asked for. Nothing is verified here.
   *
   * @param blob Which.
   * @param range Which part; the whole by default.
   * @returns A stream that gives exactly that part, or fails with `ARCHIVE_CORRUPT`.
   */
  openBlob(blob: Descriptor, range?: BlobRange): ReadableStream<Uint8Array>;
  /** Makes the error for a blob that should have one digest and has another; that of an archive when absent. */
  readonly wrongContent?: (expected: Digest, actual: string) => PusherError<"DIGEST_MISMATCH">;
  /**
   * Whether reading something again costs as much as the first time.
   *
   * @default {false}
   */
  readonly isRemote?: boolean;
}

/** A repository that blobs are read from. */
export interface BlobOrigin {
  /** For people and events. */
  readonly name: string;
  /**
   * Opens the content of a blob. Nothing is verified here.
   *
   * @param blob Which.
   * @param offsetBytes The first byte wanted.
   * @param signal Ends the request and the stream.
   * @returns The bytes from there; there may be fewer or more than there should be.
   */
  readBlob(blob: Descriptor, offsetBytes: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  /**
   * Whether a blob was verified already, so that whoever reads all of it need not; nothing is when absent.
   *
   * @param blob Which.
   * @param signal Ends the reading.
   * @returns Whether it was.
   */
  isVerified?(blob: Descriptor, signal: AbortSignal): Promise<boolean>;
  /**
   * Hears what came of a blob that was read to its end: whoever keeps blobs keeps it, or forgets what was wrong.
   *
   * @param blob Which.
   * @param isRight Whether all of it was what its digest says.
   * @returns How many of its bytes were kept from before, and not from afar: if any, reading it again may give others.
   */
  settleBlob?(blob: Descriptor, isRight: boolean): Promise<number>;
}

/** A repository that images are read from. */
export interface ImageOrigin extends BlobOrigin {
  /**
   * Reads a manifest and finds out what it is.
   *
   * @param reference Tag or digest.
   * @param signal Ends the request.
   * @returns Its exact bytes, of the digest that was asked for if it was one; `undefined` if there is none.
   */
  readManifest(
    reference: string,
    signal: AbortSignal,
  ): Promise<Pick<ManifestNode, "descriptor" | "bytes"> | undefined>;
}

/** Keeps blobs for later. Whatever goes wrong with it never stops a transfer. */
export interface BlobCache {
  /**
   * Opens the content of a blob that is kept. Nothing is verified here.
   *
   * @param blob Which.
   * @param range Which part; the whole by default.
   * @returns A stream in reused buffers, each chunk valid until the next one is asked for; `undefined` if it is not kept.
   */
  openBlob(blob: Descriptor, range?: BlobRange): Promise<ReadableStream<Uint8Array> | undefined>;
  /**
   * Finds out whether a blob is kept, and undamaged: all of it is read.
   *
   * @param blob Which.
   * @param signal Ends the reading.
   * @returns Whether it is.
   */
  verifyBlob(blob: Descriptor, signal: AbortSignal): Promise<boolean>;
  /**
   * Reads a manifest or the like.
   *
   * @param digest Its digest, which is verified.
   * @returns Its content; `undefined` if it is not kept.
   */
  readDocument(digest: Digest): Promise<Uint8Array | undefined>;
  /**
   * Begins to keep a blob, or goes on with what an earlier process has left of it.
   *
   * @param blob Which.
   * @returns The blob on its way; `undefined` if it is not to be kept, or somebody else is at it.
   */
  keepBlob(blob: Descriptor): Promise<KeptDraft | undefined>;
  /**
   * Forgets a blob that turned out to be damaged.
   *
   * @param blob Which.
   */
  dropBlob(blob: Descriptor): Promise<void>;
}

/** A blob on its way into a {@linkcode BlobCache}; disposing it keeps what there is for a later process. */
export interface KeptDraft extends Disposable {
  /** Bytes in it; 0 where it cannot be kept any more. */
  readonly sizeBytes: number;
  /**
   * Reads some of what is there.
   *
   * @param into Receives it.
   * @param offsetBytes Where to start.
   * @returns How many bytes; 0 where there are none.
   */
  readAt(into: Uint8Array, offsetBytes: number): Promise<number>;
  /**
   * Appends bytes.
   *
   * @param bytes Free to be reused once this has settled.
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Makes it the blob.
   *
   * @param options What is known of it.
   * @param options.isVerified Whether all that is in it was found to have the blob's digest.
   */
  commit(options: { isVerified: boolean }): Promise<void>;
  /** Removes it. */
  abandon(): Promise<void>;
}

/** A repository that images are read from with all that belongs to them. */
export interface CopyOrigin extends ImageOrigin {
  /**
   * Asks which manifest a tag stands for.
   *
   * @param reference Tag or digest.
   * @param signal Ends the request.
   * @returns Its digest; `undefined` if there is none.
   */
  manifestDigest(reference: string, signal: AbortSignal): Promise<Digest | undefined>;
  /**
   * Lists the tags.
   *
   * @param signal Ends the requests.
   * @returns All tags; `undefined` if there is no such repository.
   */
  listTags(signal: AbortSignal): Promise<string[] | undefined>;
  /**
   * Lists what refers to a manifest.
   *
   * @param subject Digest of the manifest.
   * @param signal Ends the requests.
   * @returns What refers to it; `undefined` if the registry keeps no such lists, and clients keep them under tags.
   */
  listReferrers(subject: Digest, signal: AbortSignal): Promise<Descriptor[] | undefined>;
}

/** A repository that can be asked what it holds. */
export interface VerifiableTarget {
  /** For people and events. */
  readonly name: string;
  /**
   * Asks whether a blob is there with the size it should have.
   *
   * @param blob Which.
   * @param signal Ends the request.
   */
  hasBlob(blob: Descriptor, signal: AbortSignal): Promise<boolean>;
  /**
   * Asks which manifest a tag or digest stands for.
   *
   * @param reference Tag or digest.
   * @param signal Ends the request.
   * @returns Its digest; `undefined` if there is none.
   */
  manifestDigest(reference: string, signal: AbortSignal): Promise<string | undefined>;
}

/** A repository that is compared with what it should hold. */
export interface ComparedTarget extends Pick<VerifiableTarget, "name" | "manifestDigest"> {
  /**
   * Asks for a blob.
   *
   * @param blob Which.
   * @param signal Ends the request.
   * @returns Its size, if the registry says it; `undefined` if the blob is not there.
   */
  findBlob(blob: Descriptor, signal: AbortSignal): Promise<{ sizeBytes: number | undefined } | undefined>;
}

/** A repository whose content is read to be compared. */
export interface ReadTarget extends ComparedTarget, BlobOrigin, Pick<PushTarget, "getManifest"> {}

/** A repository that images are pushed to. */
export interface PushTarget extends VerifiableTarget, ComparedTarget {
  /** Its registry, for example `registry.example.com`: limits and habits are a registry's. */
  readonly registry: string;
  /**
   * Another repository of the same registry.
   *
   * @param repository Its path there.
   */
  sibling(repository: string): VerifiableTarget;
  /**
   * Opens an upload session, or has the blob mounted from another repository of the same registry.
   *
   * @param signal Ends the request.
   * @param mount Asks for the mount of this blob from there; a registry that will not opens a session.
   * @returns The session, or `undefined` if the blob was mounted.
   */
  startUpload(
    signal: AbortSignal,
    mount?: { digest: Digest; from: string },
  ): Promise<UploadSession | undefined>;
  /**
   * Goes on with a session that another process has left.
   *
   * @param record What was remembered of it.
   * @returns The session; whether the registry still knows it, `recover` tells.
   */
  resumeUpload(record: UploadRecord): UploadSession;
  /**
   * Stores a manifest under its digest or a tag.
   *
   * @param manifest Type, digest and size.
   * @param bytes The exact bytes.
   * @param tag The tag; by digest when absent.
   * @param signal Ends the request.
   * @returns Digest of the manifest that it refers to, if the registry says that it lists it there.
   */
  putManifest(
    manifest: Descriptor,
    bytes: Uint8Array,
    tag: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /**
   * Reads a manifest.
   *
   * @param reference Tag or digest.
   * @param signal Ends the request.
   * @returns Its bytes, unchecked; `undefined` if there is none.
   */
  getManifest(reference: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

/** An upload session at the registry: one blob on its way. */
export interface UploadSession {
  /** Bytes that are durable at the registry: advanced only by an answer that said so. */
  readonly offsetBytes: number;
  /** Where the next request of this session goes; secret, since some registries let whoever knows it write. */
  readonly location: string;
  /** Smallest part the registry takes, except for the last; 0 when it did not say. */
  readonly minChunkBytes: number;
  /** Largest part the registry takes; `Infinity` when it did not say. */
  readonly maxChunkBytes: number;
  /**
   * Appends a part.
   *
   * @param part The next bytes of the blob.
   * @param signal Ends the request.
   * @param isWhole Whether it is the whole blob, sent as a stream without a range, as classic docker does.
   * @throws {PusherError} As the registry or the network failed; `offsetBytes` is unchanged then.
   */
  append(part: StreamBody, signal: AbortSignal, isWhole?: boolean): Promise<void>;
  /**
   * Asks the registry how much it holds, after a failure that left it unclear, and adopts the answer.
   *
   * @param maxBytes The most that can have arrived.
   * @param signal Ends the request.
   * @returns Whether the session can go on from `offsetBytes`.
   * @throws {PusherError} If it cannot be asked now; it may still be there later.
   */
  recover(maxBytes: number, signal: AbortSignal): Promise<boolean>;
  /**
   * Ends the session by naming the digest.
   *
   * @param digest Of the whole blob.
   * @param signal Ends the request.
   * @param rest The bytes not yet sent, if any.
   */
  commit(digest: Digest, signal: AbortSignal, rest?: StreamBody): Promise<void>;
  /**
   * Gives the session up. Best effort: failures are not reported, since many registries do not allow it.
   *
   * @param signal Ends the request.
   */
  cancel(signal: AbortSignal): Promise<void>;
}

/** What is remembered of an upload session, so that a later process can go on with it. */
export interface UploadRecord {
  /** Where its next request goes; secret. */
  location: string;
  /** Bytes that are durable at the registry. */
  offsetBytes: number;
  /** Smallest part the registry takes. */
  minChunkBytes: number;
  /** Largest part the registry takes; absent when it did not say. */
  maxChunkBytes?: number | undefined;
}

/** Remembers uploads across processes. Whatever goes wrong with it never stops a push. */
export interface UploadJournal {
  /**
   * Takes the entry of one blob for this process.
   *
   * @param target Name of the target.
   * @param blob The blob on its way there.
   * @param source What the blob is read from: a record made from another one is dropped.
   * @returns The entry, or `undefined` if another process has it or nothing can be remembered.
   */
  claim(target: string, blob: Descriptor, source: string): Promise<UploadEntry | undefined>;
}

/** The entry of one blob on its way to one target; disposing it lets other processes have it. */
export interface UploadEntry extends Disposable {
  /** What an earlier process left, if it can still be used. */
  readonly record: UploadRecord | undefined;
  /**
   * Remembers how far the upload is.
   *
   * @param record The session's newest state.
   */
  save(record: UploadRecord): Promise<void>;
  /** Forgets the upload: it is complete, or its session is gone. */
  remove(): Promise<void>;
}
