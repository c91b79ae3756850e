/** Reads bytes that come in chunks of any size; disposing it ends them early. */
export class ChunkReader implements AsyncDisposable {
  #chunks: AsyncGenerator<Uint8Array, void, void>;
  /** What is left of the newest chunk. */
  #rest: Uint8Array = new Uint8Array();

  /**
   * Reads nothing yet.
   *
   * @param chunks What to read; a chunk needs to be valid only until the next one is asked for.
   */
  constructor(chunks: AsyncGenerator<Uint8Array, void, void>) {
    this.#chunks = chunks;
  }

  /**
   * Reads until a buffer is full.
   *
   * @param into The buffer.
   * @returns How many bytes were read: less only at the end.
   * @throws What the chunks throw.
   */
  async read(into: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < into.length && await this.#fetch()) {
      const piece = this.#rest.subarray(0, into.length - filled);
      into.set(piece, filled);
      filled += piece.length;
      this.#rest = this.#rest.subarray(piece.length);
    }
    return filled;
  }

  /**
   * Reads on without using it.
   *
   * @param lengthBytes How far.
   * @throws What the chunks throw.
   */
  async skip(lengthBytes: number): Promise<void> {
    let leftBytes = lengthBytes;
    while (leftBytes > 0 && await this.#fetch()) {
      const skippedBytes = Math.min(leftBytes, this.#rest.length);
      leftBytes -= skippedBytes;
      this.#rest = this.#rest.subarray(skippedBytes);
    }
  }

  /** Ends the chunks. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks.return();
  }

  /** Makes sure that there is a rest; tells whether there is. */
  async #fetch(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { value } = await this.#chunks.next();
      if (!value) return false;
      this.#rest = value;
    }
    return true;
  }
}
