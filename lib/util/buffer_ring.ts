/** Bytes of one buffer: large enough to hash and send at full speed, small enough to keep many. */
export const BUFFER_BYTES: number = 256 * 2 ** 10;

/** Gives out buffers to read into. */
export interface BufferSupply {
  /**
   * Hands out a buffer; its content is arbitrary. Whoever made the supply decides when it may be handed out again.
   *
   * @returns The buffer.
   */
  next(): Uint8Array<ArrayBuffer>;
}

/**
 * Buffers in a ring: the chunk being given, one read ahead, and two before it that may still be on their way, since the
 * HTTP client asks for the next chunk before it has copied the last.
 */
const RING_BUFFERS = 4;

/**
 * Four buffers, handed out in turn again and again. A fresh buffer per chunk would be garbage that is collected late:
 * resident memory then follows the churn instead of the need.
 *
 * A ring serves one stream at a time; the next stream may begin when everything of the one before has arrived or
 * has been given up.
 */
export class BufferRing implements BufferSupply {
  #bufferBytes: number;
  #buffers: Uint8Array<ArrayBuffer>[] = [];
  #turn = 0;

  /**
   * Makes no buffer yet.
   *
   * @param bufferBytes Size of each; 256 KiB by default.
   */
  constructor(bufferBytes: number = BUFFER_BYTES) {
    this.#bufferBytes = bufferBytes;
  }

  /**
   * Hands out the buffer that was handed out longest ago; its content is arbitrary.
   *
   * @returns A buffer, valid until three more have been handed out.
   */
  next(): Uint8Array<ArrayBuffer> {
    const buffer = this.#buffers[this.#turn] ??= new Uint8Array(this.#bufferBytes);
    this.#turn = (this.#turn + 1) % RING_BUFFERS;
    return buffer;
  }
}
