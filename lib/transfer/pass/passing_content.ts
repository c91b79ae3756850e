import type { Digest } from "../../spec/digest.ts";
import { BUFFER_BYTES } from "../../util/buffer_ring.ts";
import type { RateLimiter } from "../../util/rate_limiter.ts";
import type { StreamBody, StreamTap } from "../../util/stream_body.ts";
import { MAX_HELD_PART_BYTES, type PassingReader, type PassingWindow } from "./passing_window.ts";
import type { BlobClaim } from "../push/shared_reads.ts";
import type { UploadContent } from "../upload/upload_content.ts";

/** What is held behind a body that need not be sent again: the HTTP client may not have copied it yet. */
const UNSETTLED_BYTES = 4 * BUFFER_BYTES;

/**
 * Claims a blob that passes, for one who will send it.
 *
 * @param window What is held of it; nothing has passed yet.
 * @param limiter Caps the rate of what is sent.
 * @returns The claim: until it is disposed, the others wait for this one.
 */
export function claimPassing(window: PassingWindow, limiter?: RateLimiter): BlobClaim {
  const reader = window.join();
  return {
    open: (signal, onBytes) =>
      Promise.resolve(new PassingContent(window, { reader, limiter, signal, onBytes })),
    [Symbol.dispose]: () => window.leave(reader),
  };
}

/** What {@linkcode PassingContent} works with. */
export interface PassingContentOptions {
  /** Holds the bytes that may be sent again. */
  reader: PassingReader;
  /** Caps the rate. */
  limiter?: RateLimiter | undefined;
  /** Ends a wait for the rate. */
  signal: AbortSignal;
  /** Told of every piece that goes out. */
  onBytes: (sizeBytes: number) => void;
}

/** The content of a blob that passes once, on its way to one target: what is held can be sent again. */
export class PassingContent implements UploadContent {
  #window: PassingWindow;
  #options: PassingContentOptions;
  /** How far the newest part reaches. */
  #openedBytes = 0;
  #readBytes = 0;
  /** How far what was waited for reaches. */
  #preparedBytes = 0;
  /** The newest part: an older one that is still waiting for something does not count any more. */
  #newest: ReadableStream<Uint8Array> | undefined;

  /**
   * Reads nothing yet.
   *
   * @param window What is held of the blob.
   * @param options Who reads.
   */
  constructor(window: PassingWindow, options: PassingContentOptions) {
    this.#window = window;
    this.#options = options;
  }

  /** As claimed, or found. */
  get digest(): Digest | undefined {
    return this.#window.blob.digest ?? this.#window.found?.digest;
  }

  /** As announced, or found. */
  get sizeBytes(): number | undefined {
    return this.#window.blob.size ?? this.#window.found?.size;
  }

  /** How far the newest part was read: nothing beyond it can have arrived anywhere. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** How long a part should be, so that it can be sent again. */
  get partBytes(): number {
    return this.#window.partBytes;
  }

  /**
   * Goes back, to send something again.
   *
   * @param offsetBytes Where to.
   * @returns Whether what starts there is held, or still to come.
   */
  goBack(offsetBytes: number): boolean {
    const isHeld = this.#window.isHeld(offsetBytes);
    if (isHeld) this.#window.moveTo(this.#options.reader, offsetBytes);
    return isHeld;
  }

  /**
   * Waits until a part is there, and lets go of everything before it.
   *
   * @param offsetBytes Its first byte.
   * @param wantedBytes How long it should be.
   * @returns How long it is: less only at the end, or where it is too long to be held.
   */
  async prepare(offsetBytes: number, wantedBytes: number): Promise<number> {
    this.#window.moveTo(this.#options.reader, offsetBytes);
    const partBytes = await this.#window.part(offsetBytes, Math.min(wantedBytes, MAX_HELD_PART_BYTES));
    this.#preparedBytes = offsetBytes + partBytes;
    return partBytes;
  }

  /**
   * A part of the blob, to be sent as a request's body.
   *
   * @param offsetBytes Its first byte.
   * @param lengthBytes Its length. What is longer than what was prepared is let go of while it is sent.
   * @returns The part.
   */
  part(offsetBytes: number, lengthBytes: number): StreamBody {
    return { sizeBytes: lengthBytes, open: (tap) => this.#open(offsetBytes, lengthBytes, tap) };
  }

  #open(offsetBytes: number, lengthBytes: number, tap: StreamTap | undefined): ReadableStream<Uint8Array> {
    const { limiter, reader } = this.#options;
    // Again: what an attempt that was given up has left on its way must not change under it.
    if (offsetBytes < this.#openedBytes) this.#window.forsake();
    const endBytes = this.#openedBytes = offsetBytes + lengthBytes;
    const isLetGo = endBytes > this.#preparedBytes;
    const unsettledBytes = Math.min(UNSETTLED_BYTES, this.partBytes);
    let positionBytes = this.#readBytes = offsetBytes;
    let isOver = false;
    const next = async (): Promise<Uint8Array | undefined> => {
      if (isLetGo) this.#window.moveTo(reader, Math.max(offsetBytes, positionBytes - unsettledBytes));
      const maxBytes = Math.min(endBytes - positionBytes, limiter?.pieceBytes ?? Infinity);
      const chunk = await this.#window.bytes(positionBytes, maxBytes);
      await this.#tell(stream, chunk, tap);
      return chunk;
    };
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const chunk = positionBytes < endBytes ? await next() : undefined;
          if (isOver) return;
          if (!chunk) return controller.close();
          positionBytes += chunk.length;
          controller.enqueue(chunk);
        } catch (error) {
          isOver = true;
          tap?.onFailure?.(error);
          throw error;
        }
      },
      cancel() {
        isOver = true;
      },
    }, { highWaterMark: 0 });
    return this.#newest = stream;
  }

  async #tell(
    stream: ReadableStream<Uint8Array>,
    chunk: Uint8Array,
    tap: StreamTap | undefined,
  ): Promise<void> {
    const { limiter, signal, onBytes } = this.#options;
    await limiter?.take(chunk.length, signal);
    if (stream !== this.#newest) return;
    this.#readBytes += chunk.length;
    onBytes(chunk.length);
    await tap?.onChunk(chunk);
  }
}
