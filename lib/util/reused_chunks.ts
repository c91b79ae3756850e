import { BUFFER_BYTES } from "./buffer_ring.ts";

/**
 * Reads a stream into one buffer again and again, where the stream can do that, as the bodies of fetch can: fresh memory
 * for each chunk would be garbage that is collected late.
 *
 * @param stream What to read; it is canceled when whoever reads stops early.
 * @returns Its chunks, each valid until the next one is asked for.
 */
export async function* reusedChunks(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = byteReader(stream);
  if (!reader) return yield* stream;
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  try {
    while (true) {
      const { value, done } = await reader.read(new Uint8Array(buffer));
      if (done) return;
      yield value;
      buffer = value.buffer;
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
