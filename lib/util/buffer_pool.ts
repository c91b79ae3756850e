import { BUFFER_BYTES, type BufferSupply } from "./buffer_ring.ts";

/** Buffers that come back one by one, in any order. As many are made as are out at once, and used again and again. */
export class BufferPool implements BufferSupply {
  #bufferBytes: number;
  /** Those that were made here: a source may give chunks of its own. */
  #own = new WeakSet<ArrayBufferLike>();
  #free: Uint8Array<ArrayBuffer>[] = [];

  /**
   * Makes no buffer yet.
   *
   * @param bufferBytes Size of each; 256 KiB by default.
   */
  constructor(bufferBytes: number = BUFFER_BYTES) {
    this.#bufferBytes = bufferBytes;
  }

  /**
   * Hands out a buffer that is not in use; its content is arbitrary.
   *
   * @returns The buffer, to be given back.
   */
  next(): Uint8Array<ArrayBuffer> {
    const buffer = this.#free.pop() ?? new Uint8Array(this.#bufferBytes);
    this.#own.add(buffer.buffer);
    return buffer;
  }

  /**
   * Takes a buffer back. One that something may still read is kept instead, and left to the garbage collector.
   *
   * @param chunk The buffer, or a part of it; what is from elsewhere is not taken.
   */
  giveBack({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer && this.#own.has(buffer)) this.#free.push(new Uint8Array(buffer));
  }
}
