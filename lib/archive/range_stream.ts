import type { StreamTap } from "../util/stream_body.ts";
import type { BufferPool } from "./buffer_pool.ts";

/**
 * Buffers a stream goes round with: the chunk being given, one read ahead, and two before it that may still be on
 * their way, since the HTTP client asks for the next chunk before it has copied the last.
 */
const RING_BUFFERS = 4;
/** Chunks that may not have been copied yet when the next one is asked for. */
const UNCOPIED_CHUNKS = 2;

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

  /** Ends the stream. Buffers go back that nobody can hold any more; the others are left to the garbage collector. */
  function finish(idleBuffers: readonly Uint8Array<ArrayBuffer>[] = []): void {
    isOver = true;
    close();
    ring.length = 0;
    for (const buffer of idleBuffers) pool.give(buffer);
  }

  function copiedBuffers(): Uint8Array<ArrayBuffer>[] {
    const oldestFirst = [...ring.slice(turn), ...ring.slice(0, turn)];
    return oldestFirst.slice(0, -UNCOPIED_CHUNKS);
  }

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const chunk = await (ahead ??= readNext());
        // Canceled while it waited: the buffers are gone already.
        if (isOver) return;
        if (!chunk) {
          finish(copiedBuffers());
          return controller.close();
        }
        ahead = readNext();
        if (!ahead) close();
        tap?.onChunk(chunk);
        controller.enqueue(chunk);
      } catch (error) {
        finish();
        tap?.onFailure?.(error);
        throw error;
      }
    },
    async cancel() {
      isOver = true;
      // A read under way still uses the handle.
      await ahead?.catch(() => {});
      finish();
    },
  }, { highWaterMark: 0 });
}
