import { PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import type { Sha256 } from "../util/sha256.ts";
import { BufferRing } from "../util/buffer_ring.ts";
import type { StreamBody, StreamTap } from "../util/stream_body.ts";
import type { BlobSource } from "./ports.ts";

/**
 * A blob's content, hashed while it is read. Each byte is hashed once, the first time it passes: parts are read in
 * order, and one that has to be sent again is only read again. The last bytes are held back unless everything
 * before and with them has the right digest, so that a registry never receives the whole of a wrong blob.
 */
export class VerifiedContent {
  #source: BlobSource;
  #blob: Descriptor;
  #hash: Sha256;
  /** How far the hash has come. */
  #hashedBytes = 0;
  #onBytes: (sizeBytes: number) => void;

  /** One ring for all parts: what a part leaves on its way has arrived when the next one begins. */
  #buffers = new BufferRing();
  /** How far the newest stream reaches. */
  #openedBytes = 0;
  /** How far the newest stream was read. */
  #readBytes = 0;
  /** The digest of what was read, once everything was. */
  #actual: string | undefined;

  /**
   * @param source Where the blob is.
   * @param blob Which.
   * @param hash A fresh hash of the algorithm that the blob's digest names.
   * @param onBytes Told of every piece that goes out.
   */
  constructor(source: BlobSource, blob: Descriptor, hash: Sha256, onBytes: (sizeBytes: number) => void) {
    this.#source = source;
    this.#blob = blob;
    this.#hash = hash;
    this.#onBytes = onBytes;
  }

  /** How far the newest part was read: nothing beyond it can have arrived anywhere. */
  get readBytes(): number {
    return this.#readBytes;
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
    if (this.#blob.size === 0) this.#verify();
    // Read again: what an attempt that was given up has left on its way must not change under it.
    if (offsetBytes < this.#openedBytes) this.#buffers = new BufferRing();
    this.#openedBytes = offsetBytes + lengthBytes;
    this.#readBytes = offsetBytes;
    let positionBytes = offsetBytes;
    const tap: StreamTap = {
      onChunk: (chunk) => {
        this.#hashNew(chunk, positionBytes);
        this.#readBytes = positionBytes += chunk.length;
        this.#onBytes(chunk.length);
        outer?.onChunk(chunk);
      },
      onFailure: (error) => outer?.onFailure?.(error),
    };
    return this.#source.openBlob(this.#blob, { offsetBytes, lengthBytes, buffers: this.#buffers, tap });
  }

  #hashNew(bytes: Uint8Array, positionBytes: number): void {
    // What an earlier process sent is not read again: then the registry alone verifies the digest.
    if (positionBytes > this.#hashedBytes) return;
    const endBytes = positionBytes + bytes.length;
    if (endBytes > this.#hashedBytes) {
      this.#hash.update(bytes.subarray(Math.max(this.#hashedBytes - positionBytes, 0)));
      this.#hashedBytes = endBytes;
    }
    if (endBytes === this.#blob.size) this.#verify();
  }

  #verify(): void {
    const { digest } = this.#blob;
    const actual = this.#actual ??= `${digest.split(":")[0]}:${this.#hash.hex()}`;
    if (actual === digest) return;
    throw new PusherError(
      "DIGEST_MISMATCH",
      `Cannot send blob ${digest}: the archive holds other bytes, ${actual}`,
      {
        detail: { expected: digest, actual },
        hint: "The archive was damaged or changed: save or copy it again.",
      },
    );
  }
}
