/** Bytes that are asked for from front to back: those of a file, or what comes through a pipe. */
export interface ForwardBytes {
  /** Where they come from, for messages. */
  readonly path: string;
  /** How many there are; `Infinity` while that is not known. */
  readonly sizeBytes: number;
  /**
   * Gives bytes.
   *
   * @param offsetBytes Where they start; not before those of the last call.
   * @param lengthBytes How many.
   * @returns The bytes, fewer where they end; valid until the next call.
   */
  bytes(offsetBytes: number, lengthBytes: number): Promise<Uint8Array>;
  /**
   * Makes the error for bytes that end too early.
   *
   * @param what Inside of what they end, for people.
   * @param entry The entry, if its name is known.
   * @returns The error.
   */
  endsInside(what: string, entry: string | undefined): Error;
}
