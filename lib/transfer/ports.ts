/**
 * What the transfer engine needs from the layers above it, and nothing more: archives satisfy
 * {@linkcode BlobSource}, registries {@linkcode PushTarget}.
 *
 * @module
 */

import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import type { BlobRange, StreamBody } from "../util/stream_body.ts";

/** Something that holds blobs. */
export interface BlobSource {
  /**
   * Opens the content of a blob, as often as needed. Chunks come in reused buffers: each is valid only until
   * the next one is asked for. Nothing is verified here.
   *
   * @param blob Which.
   * @param range Which part; the whole by default.
   * @returns A stream that gives exactly that part, or fails with `ARCHIVE_CORRUPT`.
   */
  openBlob(blob: Descriptor, range?: BlobRange): ReadableStream<Uint8Array>;
}

/** A repository that images are pushed to. */
export interface PushTarget {
  /** For people and events, for example `registry.example.com/team/app`. */
  readonly name: string;
  /**
   * Asks whether a blob is there with the size it should have.
   *
   * @param blob Which.
   * @param signal Ends the request.
   */
  hasBlob(blob: Descriptor, signal: AbortSignal): Promise<boolean>;
  /**
   * Opens an upload session.
   *
   * @param signal Ends the request.
   */
  startUpload(signal: AbortSignal): Promise<UploadSession>;
  /**
   * Stores a manifest under its digest or a tag.
   *
   * @param manifest Type, digest and size.
   * @param bytes The exact bytes.
   * @param tag The tag; by digest when absent.
   * @param signal Ends the request.
   */
  putManifest(
    manifest: Descriptor,
    bytes: Uint8Array,
    tag: string | undefined,
    signal: AbortSignal,
  ): Promise<void>;
}

/** An upload session at the registry: one blob on its way. */
export interface UploadSession {
  /** Bytes that are durable at the registry: advanced only by an answer that said so. */
  readonly offsetBytes: number;
  /** Where the next request of this session goes; secret, since some registries let whoever knows it write. */
  readonly location: string;
  /** Smallest part the registry takes, except for the last; 0 when it did not say. */
  readonly minChunkBytes: number;
  /**
   * Appends a part.
   *
   * @param part The next bytes of the blob.
   * @param signal Ends the request.
   * @throws {PusherError} As the registry or the network failed; `offsetBytes` is unchanged then.
   */
  append(part: StreamBody, signal: AbortSignal): Promise<void>;
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
