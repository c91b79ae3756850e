/** Bytes of known length that can be streamed more than once. */
export interface StreamBody {
  /** Exactly how many bytes each stream gives. */
  sizeBytes: number;
  /** Starts from the first byte; a chunk is valid only until the next one is asked for. */
  open(): ReadableStream<Uint8Array>;
}
