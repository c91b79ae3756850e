import type { Gunzip, ZstdDecompress } from "node:zlib";
import type { NativeCompression } from "./compression.ts";

/** What is decompressed at a time: larger pieces are less work, and still small. */
const PIECE_BYTES = 64 * 2 ** 10;

interface Decoder {
  stream: Gunzip | ZstdDecompress;
  ended: Promise<void>;
}

/**
 * Decompresses bytes as they come: several gzip members or zstd frames, in bounded memory. `node:zlib` is used because
 * the web's `DecompressionStream` has no zstd and stops after the first gzip member.
 */
export class Inflater implements Disposable {
  readonly #start: () => Gunzip | ZstdDecompress;
  readonly #onBytes: (bytes: Uint8Array) => void | Promise<void>;
  #decoder: Decoder;

  /**
   * Starts with the first member; {@linkcode startInflater} finds the decoder.
   *
   * @param start Makes a decoder of `node:zlib`.
   * @param onBytes Told what comes out; nothing more does while it is at work.
   */
  constructor(start: () => Gunzip | ZstdDecompress, onBytes: (bytes: Uint8Array) => void | Promise<void>) {
    this.#start = start;
    this.#onBytes = onBytes;
    this.#decoder = this.#next();
  }

  /**
   * Decompresses.
   *
   * @param bytes The next compressed bytes; they may be overwritten when this has ended.
   * @throws {Error} Of `node:zlib`, if they are damaged.
   */
  async write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      const usedBytes = await feed(this.#decoder, rest);
      rest = rest.subarray(usedBytes);
      if (rest.length === 0) return;
      // A zstd frame ended and another follows; a decoder takes only one (gzip members it takes all).
      await this.#decoder.ended;
      this.#decoder = this.#next();
    }
  }

  /**
   * Ends it. What was cut off is noticed of gzip only: `node:zlib` says nothing of a zstd frame without its end.
   *
   * @throws {Error} Of `node:zlib`, if something is missing.
   */
  async end(): Promise<void> {
    this.#decoder.stream.end();
    await this.#decoder.ended;
  }

  /** Frees memory. */
  [Symbol.dispose](): void {
    this.#decoder.stream.destroy();
  }

  #next(): Decoder {
    const stream = this.#start();
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
    ended.catch(() => {});
    stream.on("data", (bytes: Uint8Array) => {
      const passing = this.#onBytes(bytes);
      if (!passing) return free(bytes);
      stream.pause();
      const goOn = (): void => {
        free(bytes);
        stream.resume();
      };
      passing.then(goOn, reject);
    });
    stream.on("end", resolve);
    stream.on("error", reject);
    return { stream, ended };
  }
}

/**
 * Starts to decompress. `node:zlib` is loaded only here.
 *
 * @param compression Gzip or zstd.
 * @param onBytes Told what comes out, in pieces that are valid only until it has ended; nothing more comes while it is
 * at work.
 * @returns What takes the compressed bytes; dispose it when done.
 */
export async function startInflater(
  compression: NativeCompression,
  onBytes: (bytes: Uint8Array) => void | Promise<void>,
): Promise<Inflater> {
  const { createGunzip, createZstdDecompress } = await import("node:zlib");
  const create = compression === "zstd" ? createZstdDecompress : createGunzip;
  return new Inflater(() => create({ chunkSize: PIECE_BYTES }), onBytes);
}

/**
 * Frees a buffer that was used to its end, so that it is not garbage first: `node:zlib` makes a new one for each piece,
 * and resident memory would follow what passes.
 */
function free({ buffer, byteOffset, byteLength }: Uint8Array): void {
  const isFull = byteOffset + byteLength === buffer.byteLength;
  if (isFull && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** Waits until bytes are used, since their buffer is about to be overwritten; gives how many were. */
async function feed({ stream, ended }: Decoder, bytes: Uint8Array): Promise<number> {
  const before = stream.bytesWritten;
  const { promise: written, resolve } = Promise.withResolvers<void>();
  stream.write(bytes, () => resolve());
  await Promise.race([written, ended.then(() => written)]);
  return stream.bytesWritten - before;
}
