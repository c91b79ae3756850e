import type { BufferSupply } from "./buffer_ring.ts";
import type { StreamTap } from "./stream_body.ts";

/** What a stream over a part of a file needs. */
export interface RangeStreamOptions {
  /** Fills the buffer with the bytes that come next, or rejects. */
  read(into: Uint8Array): Promise<unknown>;
  /** Called when nothing will be read any more; may be called again. */
  close(): void;
  /** What is read into. */
  buffers: BufferSupply;
  /** Sees what passes. */
  tap?: StreamTap | undefined;
}

/**
 * Streams bytes in reused buffers, reading one buffer ahead. It is a default stream without a queue: a byte stream
 * would transfer its buffers away, and a queue would hold chunks that are about to be overwritten.
 *
 * @param lengthBytes Exactly how many bytes to give.
 * @param options How to read and close, and what into.
 * @returns The stream. A chunk is valid only until the next one is asked for.
 */
export function streamRange(
  lengthBytes: number,
  options: RangeStreamOptions,
): ReadableStream<Uint8Array> {
  const { read, close, buffers, tap } = options;
  let unreadBytes = lengthBytes;
  let ahead: Promise<Uint8Array> | undefined;
  let isOver = false;

  function readNext(): Promise<Uint8Array> | undefined {
    if (unreadBytes === 0) return undefined;
    const buffer = buffers.next();
    const chunk = buffer.subarray(0, Math.min(buffer.length, unreadBytes));
    unreadBytes -= chunk.length;
    const reading = read(chunk).then(() => chunk);
    // It is awaited later, if at all; a failure must not count as unhandled until then.
    reading.catch(() => {});
    return reading;
  }

  async function finish(): Promise<void> {
    isOver = true;
    // A read under way still uses the handle, and writes to its buffer.
    await ahead?.catch(() => {});
    close();
  }

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const chunk = await (ahead ??= readNext());
        // Canceled while it waited.
        if (isOver) return;
        if (!chunk) return controller.close();
        ahead = readNext();
        // Not later: whoever knows the length may never ask for the end.
        if (!ahead) close();
        const passing = tap?.onChunk(chunk);
        if (passing) await passing;
        if (isOver) return;
        controller.enqueue(chunk);
      } catch (error) {
        await finish();
        tap?.onFailure?.(error);
        throw error;
      }
    },
    cancel: finish,
  }, { highWaterMark: 0 });
}
