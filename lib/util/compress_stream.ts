import type { CompressionMethod, CompressorPool } from "./compressor_pool.ts";

/** How a stream is compressed. */
export interface CompressOptions {
  /** Format and level. */
  method: CompressionMethod;
  /** Does the work, for several streams if need be. */
  pool: CompressorPool;
}

/** What is around the blocks, and between them nothing. */
interface Frame {
  /** Before the first block. */
  head: Uint8Array;
  /** Takes note of the plain bytes of a block. */
  add(block: Uint8Array): void;
  /** After the last block. */
  tail(): Uint8Array;
}

/** Deflate, no flags, no time, no hint about the level, unknown system. */
const GZIP_HEAD = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
/** A last deflate block with nothing in it, in the ten bits it takes. */
const DEFLATE_END = [0x03, 0x00];

/**
 * Compresses a stream on all processors. Blocks of 1 MiB are compressed by themselves and joined: to one gzip member,
 * since some tools read only the first, or to zstd frames. The result depends on the bytes, the method and the version
 * of the runtime alone, not on time, chunks or threads.
 *
 * @param plain What to compress; a chunk is used only until the next one is asked for. It ends early if the result does.
 * @param options How, and who does it.
 * @returns The compressed bytes. A chunk is valid only until the next one is asked for.
 * @throws What `plain` throws.
 * @see https://www.rfc-editor.org/rfc/rfc1952
 * @see https://www.rfc-editor.org/rfc/rfc8878
 *
 * @example Compress a text, and read it again
 * ```ts
 * import { compressStream } from "./compress_stream.ts";
 * import { CompressorPool } from "./compressor_pool.ts";
 * import assert from "node:assert/strict";
 *
 * using pool = new CompressorPool();
 * const chunks: Uint8Array<ArrayBuffer>[] = [];
 * const method = { format: "gzip", level: 2 } as const;
 * for await (const chunk of compressStream(new Blob(["text"]).stream(), { method, pool })) {
 *   chunks.push(new Uint8Array(chunk));
 * }
 * const back = new Blob(chunks).stream().pipeThrough(new DecompressionStream("gzip"));
 * assert.equal(await new Response(back).text(), "text");
 * ```
 */
export async function* compressStream(
  plain: AsyncIterable<Uint8Array>,
  { method, pool }: CompressOptions,
): AsyncGenerator<Uint8Array<ArrayBufferLike>, void, void> {
  const { head, add, tail } = method.format === "gzip" ? await gzipFrame() : ZSTD_FRAME;
  const blocks = splitBlocks(plain, pool);
  const underway: Promise<Uint8Array<ArrayBuffer>>[] = [];
  try {
    yield head;
    for (let isOver = false; !isOver || underway.length > 0;) {
      // One more than there are threads, so that none waits while the next block is read.
      while (!isOver && underway.length <= pool.size) {
        const { value: block } = await blocks.next();
        isOver = !block;
        if (!block) break;
        add(block);
        const compressed = pool.compress(block, method);
        // It is awaited later, if at all; a failure must not count as unhandled until then.
        compressed.catch(() => {});
        underway.push(compressed);
      }
      const compressed = await underway.shift();
      if (!compressed) break;
      yield compressed;
      pool.giveBack(compressed);
    }
    yield tail();
  } finally {
    await blocks.return(undefined);
    for (const compressed of await settled(underway)) pool.giveBack(compressed);
  }
}

/** Gives at least one block, even if it is empty: a zstd frame of nothing is a frame, and nothing is none. */
async function* splitBlocks(
  plain: AsyncIterable<Uint8Array>,
  pool: CompressorPool,
): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined, void> {
  let block: Uint8Array<ArrayBuffer> | undefined;
  let filled = 0;
  let isFirst = true;
  for await (const chunk of plain) {
    for (let taken = 0; taken < chunk.length;) {
      block ??= pool.takeBlock();
      const piece = chunk.subarray(taken, taken + block.length - filled);
      block.set(piece, filled);
      filled += piece.length;
      taken += piece.length;
      if (filled < block.length) continue;
      yield block;
      block = undefined;
      filled = 0;
      isFirst = false;
    }
  }
  if (block || isFirst) yield (block ?? pool.takeBlock()).subarray(0, filled);
}

async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.filter((result) => result.status === "fulfilled").map(({ value }) => value);
}

/** Every block is a frame. */
const ZSTD_FRAME: Frame = { head: new Uint8Array(), add() {}, tail: () => new Uint8Array() };

async function gzipFrame(): Promise<Frame> {
  const { crc32 } = await import("node:zlib");
  let checksum = 0;
  let plainBytes = 0;
  return {
    head: GZIP_HEAD,
    add(block) {
      checksum = crc32(block, checksum);
      plainBytes += block.length;
    },
    tail() {
      const tail = new DataView(new ArrayBuffer(10));
      for (const [at, byte] of DEFLATE_END.entries()) tail.setUint8(at, byte);
      tail.setUint32(2, checksum, true);
      tail.setUint32(6, plainBytes % 2 ** 32, true);
      return new Uint8Array(tail.buffer);
    },
  };
}
