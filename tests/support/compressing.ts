import { type CompressOptions, compressStream } from "../../lib/util/compress_stream.ts";
import { seededRandom } from "./seeded_random.ts";

/**
 * Compresses bytes that fit into memory.
 *
 * @param plain What to compress.
 * @param options How, and who does it.
 * @returns The result.
 */
export async function compressAll(
  plain: ReadableStream<Uint8Array>,
  options: CompressOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of compressStream(plain, options)) chunks.push(chunk.slice());
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/**
 * Bytes that can be compressed to something.
 *
 * @param sizeBytes How many.
 * @param seed Others for another seed.
 * @returns The bytes.
 */
export function patternBytes(sizeBytes: number, seed: number = 1): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  const words = Array.from({ length: 500 }, () => random().toString(36).slice(2));
  const text = Array.from({ length: 5_000 }, () => words[Math.floor(random() * words.length)]).join(" ");
  const pattern = new TextEncoder().encode(text);
  const bytes = new Uint8Array(sizeBytes);
  for (let filled = 0; filled < sizeBytes;) {
    const start = Math.floor(random() * pattern.length);
    const piece = pattern.subarray(start, start + Math.min(2_000, sizeBytes - filled));
    bytes.set(piece, filled);
    filled += piece.length;
  }
  return bytes;
}

/**
 * Gives bytes piece by piece, each of which changes when the next is asked for.
 *
 * @param bytes What to give.
 * @param chunkBytes How much at once.
 * @returns The stream.
 */
export function streamOf(bytes: Uint8Array, chunkBytes: number = 262_144): ReadableStream<Uint8Array> {
  const buffer = new Uint8Array(chunkBytes);
  let givenBytes = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = bytes.subarray(givenBytes, givenBytes + chunkBytes);
      if (chunk.length === 0) return controller.close();
      buffer.set(chunk);
      givenBytes += chunk.length;
      controller.enqueue(buffer.subarray(0, chunk.length));
    },
  }, { highWaterMark: 0 });
}
