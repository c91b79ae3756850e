import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { type Digest, digestOf } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import type { BlobSource } from "../../../lib/transfer/ports.ts";
import type { BlobRange } from "../../../lib/util/stream_body.ts";

/** Blobs in memory. As ports.ts allows, chunks come in reused buffers: what was given before is overwritten. */
export class MemoryBlobs implements BlobSource {
  /** Every range that was opened, as `start+length`. */
  readonly opened: string[] = [];
  /** Bytes that were read, by all streams together. */
  readBytes = 0;
  readonly identityOf = (): string => "memory";
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #chunkBytes: number;

  /** @param chunkBytes Size of the chunks. */
  constructor(chunkBytes = 4) {
    this.#chunkBytes = chunkBytes;
  }

  /**
   * Adds a blob.
   *
   * @param bytes Its content.
   * @param digest Its digest; the right one when absent.
   * @returns What names it.
   */
  async add(bytes: Uint8Array, digest?: Digest): Promise<Descriptor> {
    const descriptor = {
      mediaType: MEDIA_TYPE.ociLayer,
      digest: digest ?? await digestOf(bytes),
      size: bytes.length,
    };
    this.#blobs.set(descriptor.digest, bytes);
    return descriptor;
  }

  /** See {@linkcode BlobSource.openBlob}. */
  openBlob(blob: Descriptor, range: BlobRange = {}): ReadableStream<Uint8Array> {
    const { offsetBytes = 0, lengthBytes = blob.size - offsetBytes, buffers, tap } = range;
    this.opened.push(`${offsetBytes}+${lengthBytes}`);
    const content = this.#blobs.get(blob.digest)!.subarray(offsetBytes, offsetBytes + lengthBytes);
    const own = new Uint8Array(this.#chunkBytes);
    let positionBytes = 0;
    return new ReadableStream({
      pull: async (controller) => {
        const buffer = buffers?.next().subarray(0, own.length) ?? own;
        buffer.fill(0xee);
        const next = content.subarray(positionBytes, positionBytes + buffer.length);
        if (next.length === 0) return controller.close();
        positionBytes += next.length;
        this.readBytes += next.length;
        buffer.set(next);
        const chunk = buffer.subarray(0, next.length);
        try {
          await tap?.onChunk(chunk);
        } catch (error) {
          tap?.onFailure?.(error);
          throw error;
        }
        controller.enqueue(chunk);
      },
    }, { highWaterMark: 0 });
  }
}
