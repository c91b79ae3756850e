/** How bytes are compressed: the same bytes compressed in the same way give the same result. */
export interface CompressionMethod {
  /** The format of the result. */
  format: "gzip" | "zstd";
  /** From 1, the fastest: up to 9 for gzip, up to 19 for zstd. */
  level: number;
}

/** Plain bytes of one block: larger ones compress hardly better. */
export const BLOCK_BYTES: number = 2 ** 20;

/** What a block can grow by where it cannot be compressed: five bytes for each 16 KiB, and a frame around it. */
const BLOCK_MARGIN_BYTES = 2 ** 10;

/** Room for a block before and after it is compressed. */
export const BLOCK_BUFFER_BYTES: number = BLOCK_BYTES + BLOCK_MARGIN_BYTES;

/**
 * Compresses a block by itself, in place: into the buffer that it is in. Results can be joined: zstd blocks are frames,
 * gzip blocks are pieces of a deflate stream, without its end.
 *
 * @param block At most 1 MiB at the start of a buffer of {@linkcode BLOCK_BUFFER_BYTES}.
 * @param method How.
 * @returns The compressed bytes, at the start of the same buffer.
 * @see https://www.rfc-editor.org/rfc/rfc1951
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1
 */
export async function compressBlock(
  block: Uint8Array<ArrayBuffer>,
  { format, level }: CompressionMethod,
): Promise<Uint8Array<ArrayBuffer>> {
  const { constants, deflateRawSync, zstdCompressSync } = await import("node:zlib");
  // One chunk for the whole result, so that nothing is left behind but that.
  const chunkSize = BLOCK_BUFFER_BYTES;
  const result = format === "gzip"
    ? deflateRawSync(block, { chunkSize, level, finishFlush: constants.Z_SYNC_FLUSH })
    : zstdCompressSync(block, {
      chunkSize,
      params: {
        [constants.ZSTD_c_compressionLevel]: level,
        // Nobody who decompresses a block needs more memory than for a block.
        [constants.ZSTD_c_windowLog]: Math.log2(BLOCK_BYTES),
      },
    });
  const compressed = new Uint8Array(block.buffer, 0, result.length);
  compressed.set(result);
  // Frees it now: what waits for the garbage collector would be tens of megabytes in each thread.
  if (result.buffer instanceof ArrayBuffer && result.buffer.byteLength >= chunkSize) {
    result.buffer.transfer(0);
  }
  return compressed;
}
