import { BUFFER_BYTES } from "./buffer_ring.ts";

/**
 * Reads a stream into two buffers again and again, where the stream can do that, as the bodies of fetch can: fresh memory
 * for each chunk would be garbage that is collected late.
 *
 * @param stream What to read; it is canceled when whoever reads stops early.
 * @param bufferBytes Size of a buffer; 256 KiB by default.
 * @returns Its chunks, each valid until the next but one is asked for: it can be written while the next one comes.
 */
export async function* reusedChunks(
  stream: ReadableStream<Uint8Array>,
  bufferBytes: number = BUFFER_BYTES,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = byteReader(stream);
  if (!reader) return yield* stream;
  const buffers = [new ArrayBuffer(bufferBytes), new ArrayBuffer(bufferBytes)];
  try {
    while (true) {
      const { value, done } = await reader.read(new Uint8Array(buffers.shift()!));
      if (done) return;
      buffers.push(value.buffer);
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

function byteReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch (error) {
    if (error instanceof TypeError && !stream.locked) return undefined;
    throw error;
  }
}
