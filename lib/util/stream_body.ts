import type { BufferSupply } from "./buffer_ring.ts";

/** Bytes of known length that can be streamed more than once. */
export interface StreamBody {
  /** Exactly how many bytes each stream gives. */
  sizeBytes: number;
  /**
   * Starts from the first byte. A chunk is valid only until the next one is asked for.
   *
   * @param tap Sees what passes.
   */
  open(tap?: StreamTap): ReadableStream<Uint8Array>;
}

/**
 * Sees the bytes of a stream as they pass, inside the stream itself: a further stream around it would cost as much as
 * sending the bytes.
 */
export interface StreamTap {
  /**
   * Called with each chunk before it is given. The stream waits for the promise, if there is one; what it throws fails
   * the stream.
   */
  onChunk(chunk: Uint8Array): void | Promise<void>;
  /** Called when the stream fails, since a failed request no longer says why its body failed. */
  onFailure?(error: unknown): void;
}

/** Which part of a blob to read. */
export interface BlobRange {
  /**
   * First byte.
   *
   * @default {0}
   */
  offsetBytes?: number;
  /**
   * How many bytes.
   *
   * @default {to the end}
   */
  lengthBytes?: number;
  /**
   * What is read into, one stream at a time, one buffer for each chunk: a chunk is valid until its buffer is handed out
   * again.
   *
   * @default {a new ring}
   */
  buffers?: BufferSupply | undefined;
  /** Sees what passes. */
  tap?: StreamTap | undefined;
}
