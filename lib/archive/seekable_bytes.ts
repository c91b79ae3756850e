/** Bytes of known length that can be read anywhere: an open file, or memory. */
export interface SeekableBytes {
  /** Where they come from, for messages. */
  readonly path: string;
  /** How many there are. */
  readonly sizeBytes: number;
  /**
   * Reads until `into` is full or the bytes end. Not to be called again before it has ended.
   *
   * @param into Receives the bytes.
   * @param offsetBytes Where to start.
   * @returns How many were read.
   */
  readAt(into: Uint8Array, offsetBytes: number): Promise<number>;
}
