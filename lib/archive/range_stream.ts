import type { StreamTap } from "../util/stream_body.ts";
import type { BufferPool } from "./buffer_pool.ts";

/**
 * Buffers a stream goes round with. The HTTP client copies a chunk before it asks for the next one, so two would do
 * with one read ahead; four leave room for a client that asks early.
 */
const RING_BUFFERS = 4;

/** What a stream over a part of a file needs. */
export interface RangeStreamOptions {
  /** Fills the buffer with the bytes that come next, or rejects. */
  read(into: Uint8Array): Promise<unknown>;
  /** Called when nothing will be read any more; may be called again. */
  close(): void;
  /** Where buffers come from and go back to. */
  pool: BufferPool;
  /** Sees what passes. */
  tap?: StreamTap | undefined;
}

/**
 * Streams bytes in reused buffers, reading one buffer ahead. It is a default stream without a queue: a byte stream
 * would transfer its buffers away, and a queue would hold chunks that are about to be overwritten.
 *
 * @param lengthBytes Exactly how many bytes to give.
 * @param options How to read, close, and where buffers come from.
 * @returns The stream. A chunk is valid only until the next one is asked for.
 */
export function streamRange(
  lengthBytes: number,
  options: RangeStreamOptions,
): ReadableStream<Uint8Array> {
  const { read, close, pool, tap } = options;
  const ring: Uint8Array<ArrayBuffer>[] = [];
  let turn = 0;
  let unreadBytes = lengthBytes;
  let ahead: Promise<Uint8Array> | undefined;
  let isOver = false;

  function readNext(): Promise<Uint8Array> | undefined {
    if (unreadBytes === 0) return undefined;
    const buffer = ring[turn] ??= pool.take();
    turn = (turn + 1) % RING_BUFFERS;
    const chunk = buffer.subarray(0, Math.min(buffer.length, unreadBytes));
    unreadBytes -= chunk.length;
    const reading = read(chunk).then(() => chunk);
    // It is awaited later, if at all; a failure must not count as unhandled until then.
    reading.catch(() => {});
    return reading;
  }

  function finish(): void {
    isOver = true;
    close();
    for (const buffer of ring.splice(0)) pool.give(buffer);
  }

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const chunk = await (ahead ??= readNext());
        // Canceled while it waited: the buffers are gone already.
        if (isOver) return;
        if (!chunk) {
          // Only now: the last chunk was in use until this call.
          finish();
          return controller.close();
        }
        ahead = readNext();
        if (!ahead) close();
        tap?.onChunk(chunk);
        controller.enqueue(chunk);
      } catch (error) {
        await ahead?.catch(() => {});
        finish();
        tap?.onFailure?.(error);
        throw error;
      }
    },
    async cancel() {
      isOver = true;
      // A read under way still writes to its buffer.
      await ahead?.catch(() => {});
      finish();
    },
  }, { highWaterMark: 0 });
}
