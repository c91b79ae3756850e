import { type Digest, sha256Digest } from "../../spec/digest.ts";
import type { BufferPool } from "../../util/buffer_pool.ts";
import type { ByteReader } from "../../util/byte_reader.ts";
import type { StreamHash } from "../../util/sha256.ts";
import { otherBytes } from "../hash/digest_check.ts";
import type { OutgoingBlob } from "../upload/upload_content.ts";

/** The largest part that is held, whatever a registry asks for. */
export const MAX_HELD_PART_BYTES: number = 64 * 2 ** 20;

/** What is known of a blob that has passed. */
export interface FoundBlob {
  /** Its digest. */
  digest: Digest;
  /** Its size in bytes. */
  size: number;
}

/** What a {@linkcode PassingWindow} works with. */
export interface PassingWindowOptions {
  /** What passes; a digest or size that it has must be right. */
  blob: OutgoingBlob;
  /** A fresh SHA-256. */
  hash: StreamHash;
  /** What the bytes are held in. */
  buffers: BufferPool;
  /** How long parts are. Twice as much is held: one part on its way, and the next. */
  partBytes: number;
}

/** One who reads along; `positionBytes` is the first byte that it may ask for. */
export interface PassingReader {
  /** Everything before has arrived. */
  positionBytes: number;
}

interface Held {
  startBytes: number;
  buffer: Uint8Array<ArrayBuffer>;
  filledBytes: number;
  /** Whether a request that was given up may still be sending it: then its buffer is not used again. */
  isForsaken: boolean;
}

/**
 * What is held of a blob that passes once, for several who send it, each at its own pace. The rules:
 *
 * - Bytes are hashed as they come, and held until everybody has let go of them.
 * - Twice a part is held at most. Whoever is behind holds the others up; nobody is left behind.
 * - Without readers the blob passes all the same, so that its digest is found.
 * - The last bytes are not given to anybody unless the digest is the one that was claimed.
 * - When reading fails, it fails for all.
 */
export class PassingWindow {
  #options: PassingWindowOptions;
  #partBytes: number;
  #readers = new Set<PassingReader>();
  /** Without gaps. */
  #held: Held[] = [];
  /** How far the blob has come. */
  #endBytes = 0;
  #found: FoundBlob | undefined;
  #failure: { error: unknown } | undefined;
  #change = Promise.withResolvers<void>();

  /**
   * Reads nothing yet.
   *
   * @param options What passes, and what it is held in.
   */
  constructor(options: PassingWindowOptions) {
    this.#options = options;
    this.#partBytes = options.partBytes;
  }

  /** Digest and size; `undefined` before all has passed. */
  get found(): FoundBlob | undefined {
    return this.#found;
  }

  /** What passes. */
  get blob(): OutgoingBlob {
    return this.#options.blob;
  }

  /** How long parts should be. */
  get partBytes(): number {
    return this.#options.partBytes;
  }

  /**
   * Lets one more read along. To be called before anything passes.
   *
   * @returns The reader, at the first byte.
   */
  join(): PassingReader {
    const reader = { positionBytes: 0 };
    this.#readers.add(reader);
    return reader;
  }

  /**
   * Holds nothing for a reader any more.
   *
   * @param reader Who.
   */
  leave(reader: PassingReader): void {
    if (this.#readers.delete(reader)) this.#drop();
  }

  /** Does not overwrite what is held now, since a request that was given up may still be sending it. */
  forsake(): void {
    for (const held of this.#held) held.isForsaken = true;
  }

  /**
   * Whether a byte is held, or still to come.
   *
   * @param positionBytes Which.
   * @returns Whether it can be asked for.
   */
  isHeld(positionBytes: number): boolean {
    return positionBytes >= (this.#held[0]?.startBytes ?? this.#endBytes);
  }

  /**
   * Lets go of everything before a byte.
   *
   * @param reader Who.
   * @param positionBytes The byte; it may lie before the reader's last, where that is held.
   */
  moveTo(reader: PassingReader, positionBytes: number): void {
    reader.positionBytes = positionBytes;
    this.#drop();
  }

  /**
   * Waits for a part, and whether it is the last.
   *
   * @param offsetBytes Its first byte.
   * @param wantedBytes How long it should be; not longer than {@linkcode MAX_HELD_PART_BYTES}.
   * @returns How much of it there is: less only at the end.
   */
  async part(offsetBytes: number, wantedBytes: number): Promise<number> {
    this.#partBytes = Math.max(this.#partBytes, wantedBytes);
    this.#wake();
    return await this.#until(() => {
      const thereBytes = this.#endBytes - offsetBytes;
      return thereBytes > wantedBytes || this.#found ? Math.min(thereBytes, wantedBytes) : undefined;
    });
  }

  /**
   * Waits for some bytes.
   *
   * @param positionBytes The first, which is held or still to come.
   * @param maxBytes Not more than this.
   * @returns At least one byte, unchanged until everybody has let go of it.
   */
  async bytes(positionBytes: number, maxBytes: number): Promise<Uint8Array> {
    return await this.#until(() => {
      if (positionBytes >= this.#endBytes) return undefined;
      const held = this.#held.findLast(({ startBytes }) => startBytes <= positionBytes);
      if (!held) throw new RangeError(`Byte ${positionBytes} of a blob is not held any more`);
      const start = positionBytes - held.startBytes;
      return held.buffer.subarray(start, Math.min(start + maxBytes, this.#endBytes - held.startBytes));
    });
  }

  /**
   * Lets the blob pass.
   *
   * @param read Gives its bytes: as many as its size says, if that is known.
   * @param signal Stops it; a read that has begun is left alone then.
   * @returns What was found.
   * @throws {PusherError} `DIGEST_MISMATCH` if it is not what its digest says; whatever `read` throws.
   */
  run(read: ByteReader, signal: AbortSignal): Promise<FoundBlob> {
    const { promise, resolve, reject } = Promise.withResolvers<FoundBlob>();
    const fail = (error: unknown): void => {
      this.#failure ??= { error };
      this.#wake();
      reject(error);
    };
    const stop = (): void => fail(signal.reason);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    this.#pass(read).then(resolve, fail).finally(() => signal.removeEventListener("abort", stop));
    return promise;
  }

  async #pass(read: ByteReader): Promise<FoundBlob> {
    const { blob: { digest: claimed, size }, hash } = this.#options;
    let endBytes = 0;
    while (endBytes !== size) {
      const held = await this.#until(() => this.#hasRoom() ? this.#freeSpace() : undefined);
      const space = held.buffer.subarray(held.filledBytes);
      const wanted = size === undefined ? space : space.subarray(0, size - endBytes);
      const readBytes = await read(wanted);
      if (this.#failure) throw this.#failure.error;
      if (readBytes === 0) break;
      await hash.update(wanted.subarray(0, readBytes));
      endBytes += readBytes;
      held.filledBytes += readBytes;
      if (endBytes !== size) this.#moveEnd(endBytes);
    }
    if (size !== undefined && size !== endBytes) {
      throw new RangeError(`A blob of ${size} bytes gave ${endBytes}`);
    }
    const digest = sha256Digest(await hash.hex());
    if (claimed !== undefined && claimed !== digest) throw otherBytes(claimed, digest);
    this.#found = { digest, size: endBytes };
    this.#moveEnd(endBytes);
    return this.#found;
  }

  #moveEnd(endBytes: number): void {
    this.#endBytes = endBytes;
    this.#drop();
  }

  #hasRoom(): boolean {
    return this.#endBytes - this.#lowestBytes() < 2 * this.#partBytes;
  }

  #lowestBytes(): number {
    return Math.min(this.#endBytes, ...[...this.#readers].map(({ positionBytes }) => positionBytes));
  }

  /** What the next bytes are read into. */
  #freeSpace(): Held {
    const last = this.#held.at(-1);
    if (last && last.filledBytes < last.buffer.length) return last;
    const held = {
      startBytes: this.#endBytes,
      buffer: this.#options.buffers.next(),
      filledBytes: 0,
      isForsaken: false,
    };
    this.#held.push(held);
    return held;
  }

  /** Lets go of what everybody has let go of, and tells those who wait that something has changed. */
  #drop(): void {
    const lowestBytes = this.#lowestBytes();
    const isOver = ({ startBytes, buffer, filledBytes }: Held): boolean =>
      startBytes + filledBytes <= lowestBytes && (filledBytes === buffer.length || this.#found !== undefined);
    while (this.#held[0] && isOver(this.#held[0])) {
      const { buffer, isForsaken } = this.#held.shift()!;
      if (!isForsaken) this.#options.buffers.giveBack(buffer);
    }
    this.#wake();
  }

  async #until<T>(find: () => T | undefined): Promise<T> {
    while (true) {
      if (this.#failure) throw this.#failure.error;
      const found = find();
      if (found !== undefined) return found;
      await this.#change.promise;
    }
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
