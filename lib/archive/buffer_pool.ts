/** Bytes of one buffer: large enough to hash and send at full speed, small enough to keep many. */
const BUFFER_BYTES = 256 * 2 ** 10;

/** Idle buffers kept: 4 MiB, what four streams use. */
const MAX_IDLE_BUFFERS = 16;

/**
 * Buffers that are used again and again. A fresh buffer per chunk would be garbage that is collected late: resident
 * memory then follows the churn instead of the need.
 */
export class BufferPool {
  /** Buffers nobody uses. */
  #idle: Uint8Array<ArrayBuffer>[] = [];

  /**
   * Takes a buffer; its content is arbitrary.
   *
   * @returns A buffer of 256 KiB.
   */
  take(): Uint8Array<ArrayBuffer> {
    return this.#idle.pop() ?? new Uint8Array(BUFFER_BYTES);
  }

  /**
   * Gives a buffer back. Nobody may touch it any more, not even a read that is still under way.
   *
   * @param buffer A buffer from `take()`.
   */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#idle.length < MAX_IDLE_BUFFERS) this.#idle.push(buffer);
  }
}
