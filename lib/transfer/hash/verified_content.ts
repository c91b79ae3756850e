import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import { BufferRing } from "../../util/buffer_ring.ts";
import type { RateLimiter } from "../../util/rate_limiter.ts";
import type { StreamBody, StreamTap } from "../../util/stream_body.ts";
import type { DigestCheck } from "./digest_check.ts";
import type { FanOut } from "../push/fan_out.ts";
import type { BlobSource } from "../ports.ts";
import type { UploadContent } from "../upload/upload_content.ts";

/** What {@linkcode VerifiedContent} works with. */
export interface ContentOptions {
  /** Where the blob is. */
  source: BlobSource;
  /** Sees every byte that goes out. */
  check: DigestCheck;
  /** Reads together with others, under this reader's name; alone when absent. */
  share?: { fanOut: FanOut; reader: string } | undefined;
  /** Caps the rate. */
  limiter?: RateLimiter | undefined;
  /** Ends a wait for the rate. */
  signal: AbortSignal;
  /** Told of every piece that goes out. */
  onBytes: (sizeBytes: number) => void;
}

/**
 * A blob's content on its way to one target: verified while it is read, together with others where that saves
 * reading. The last bytes are held back unless everything before and with them has the right digest, so that a registry
 * never receives the whole of a wrong blob.
 */
export class VerifiedContent implements UploadContent {
  /** Everything can be read again. */
  readonly partBytes: number = Infinity;
  #blob: Descriptor;
  #options: ContentOptions;
  /** One ring for all parts: what a part leaves on its way has arrived when the next one begins. */
  #buffers: BufferRing;
  /** How far the newest part reaches. */
  #openedBytes = 0;
  /** How far the newest part was read. */
  #readBytes = 0;
  /** The newest part: an older one that is still waiting for something does not count any more. */
  #newest: StreamTap | undefined;

  /**
   * Reads nothing yet.
   *
   * @param blob Which.
   * @param options Where it is, and who sees it pass.
   */
  constructor(blob: Descriptor, options: ContentOptions) {
    this.#blob = blob;
    this.#options = options;
    this.#buffers = this.#newRing();
  }

  /** Known beforehand. */
  get digest(): Digest {
    return this.#blob.digest;
  }

  /** Known beforehand. */
  get sizeBytes(): number {
    return this.#blob.size;
  }

  /** How far the newest part was read: nothing beyond it can have arrived anywhere. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /**
   * A source can be read as often as needed.
   *
   * @returns That everything can be sent.
   */
  goBack(): boolean {
    return true;
  }

  /**
   * Nothing needs to be waited for, but an empty blob has no bytes that could be held back.
   *
   * @param offsetBytes First byte of a part.
   * @param wantedBytes How long it should be.
   * @returns How long it is: less only at the end.
   */
  async prepare(offsetBytes: number, wantedBytes: number): Promise<number> {
    if (this.#blob.size === 0) await this.#options.check.pass(new Uint8Array(), 0);
    return Math.min(wantedBytes, this.#blob.size - offsetBytes);
  }

  /**
   * A part of the blob, to be sent as a request's body.
   *
   * @param offsetBytes Its first byte.
   * @param lengthBytes Its length.
   * @returns The part; opening it again reads it again.
   */
  part(offsetBytes: number, lengthBytes: number): StreamBody {
    return { sizeBytes: lengthBytes, open: (tap) => this.#open(offsetBytes, lengthBytes, tap) };
  }

  #open(offsetBytes: number, lengthBytes: number, outer: StreamTap | undefined): ReadableStream<Uint8Array> {
    const { share } = this.#options;
    // Again: what an attempt that was given up has left on its way must not change under it.
    if (offsetBytes < this.#openedBytes) this.#buffers = this.#newRing();
    this.#openedBytes = offsetBytes + lengthBytes;
    this.#readBytes = offsetBytes;
    const tap = this.#newest = this.#tap(offsetBytes, outer);
    return share?.fanOut.has(share.reader, offsetBytes)
      ? this.#openShared(offsetBytes, lengthBytes, tap)
      : this.#openAlone(offsetBytes, lengthBytes, tap);
  }

  #tap(offsetBytes: number, outer: StreamTap | undefined): StreamTap {
    const { check, limiter, signal, onBytes } = this.#options;
    let positionBytes = offsetBytes;
    const give = (chunk: Uint8Array): void | Promise<void> => {
      if (this.#newest !== tap) return;
      this.#readBytes = positionBytes += chunk.length;
      onBytes(chunk.length);
      return outer?.onChunk(chunk);
    };
    const tap: StreamTap = {
      onChunk(chunk) {
        const passing = check.pass(chunk, positionBytes);
        const taking = limiter?.take(chunk.length, signal);
        return passing || taking ? Promise.all([passing, taking]).then(() => give(chunk)) : give(chunk);
      },
      onFailure: (error) => outer?.onFailure?.(error),
    };
    return tap;
  }

  #openAlone(offsetBytes: number, lengthBytes: number, tap?: StreamTap): ReadableStream<Uint8Array> {
    const { source, share } = this.#options;
    share?.fanOut.leave(share.reader);
    return source.openBlob(this.#blob, { offsetBytes, lengthBytes, buffers: this.#buffers, tap });
  }

  /** Reads with the others, and from where they cannot be followed alone. */
  #openShared(offsetBytes: number, lengthBytes: number, tap: StreamTap): ReadableStream<Uint8Array> {
    const { fanOut, reader } = this.#options.share!;
    const endBytes = offsetBytes + lengthBytes;
    let positionBytes = offsetBytes;
    let alone: ReadableStreamDefaultReader<Uint8Array> | undefined;
    let isOver = false;

    const next = async (): Promise<Uint8Array | undefined> => {
      const leftBytes = endBytes - positionBytes;
      const chunk = alone ? undefined : await fanOut.next(reader, positionBytes, leftBytes);
      if (chunk || isOver) return chunk;
      alone ??= this.#openAlone(positionBytes, leftBytes).getReader();
      return (await alone.read()).value;
    };
    const finish = async (): Promise<void> => {
      isOver = true;
      await alone?.cancel();
    };
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const chunk = positionBytes < endBytes ? await next() : undefined;
          if (isOver) return;
          if (!chunk) return controller.close();
          const passing = tap.onChunk(chunk);
          if (passing) await passing;
          if (isOver) return;
          positionBytes += chunk.length;
          controller.enqueue(chunk);
        } catch (error) {
          await finish().catch(() => {});
          tap.onFailure?.(error);
          throw error;
        }
      },
      cancel: finish,
    }, { highWaterMark: 0 });
  }

  #newRing(): BufferRing {
    return new BufferRing(this.#options.limiter?.pieceBytes);
  }
}
