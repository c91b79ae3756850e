/**
 * The program of the threads that {@linkcode CompressorPool} starts: compresses what it is sent and sends it back.
 *
 * @module
 */

import { compressBlock, type CompressionMethod } from "./compress_block.ts";

/** Work for a thread. */
export interface CompressRequest {
  /** What to compress; its buffer is handed over, and comes back. */
  block: Uint8Array<ArrayBuffer>;
  /** How. */
  method: CompressionMethod;
}

/** What comes of it: the compressed block, or why there is none. */
export type CompressAnswer = Uint8Array<ArrayBuffer> | Error;

const pool = globalThis as unknown as Worker;

pool.onmessage = async ({ data: { block, method } }: MessageEvent<CompressRequest>): Promise<void> => {
  const answer = await attempt(() => compressBlock(block, method));
  pool.postMessage(answer, answer instanceof Error ? [] : [answer.buffer]);
};

async function attempt(work: () => Promise<Uint8Array<ArrayBuffer>>): Promise<CompressAnswer> {
  try {
    return await work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
