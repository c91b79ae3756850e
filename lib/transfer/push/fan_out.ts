import type { Descriptor } from "../../spec/descriptor.ts";
import { BufferPool } from "../../util/buffer_pool.ts";
import { BUFFER_BYTES } from "../../util/buffer_ring.ts";
import type { Clock } from "../../util/clock.ts";
import type { BlobSource } from "../ports.ts";

/** Chunks that are kept at most for readers that are behind: 8 MiB, but less where a low rate makes them small. */
const MAX_CHUNKS = 32;
/** How long the others wait for a reader: to begin, or to catch up. */
const PATIENCE_MS = 5_000;
/** Chunks behind a reader's position that may still be on their way, as `BufferRing` explains. */
const UNSETTLED_CHUNKS = 3;

/** What a {@linkcode FanOut} needs. */
export interface FanOutOptions {
  /** Where the blob is. */
  source: BlobSource;
  /** Which. */
  blob: Descriptor;
  /** Readers that will come, or say by {@linkcode FanOut.leave} that they will not. */
  expected: Iterable<string>;
  /** Readers that were waited for in vain, here or elsewhere: nobody waits for them again until they keep up. */
  late: Set<string>;
  /** Size of a chunk. */
  bufferBytes?: number | undefined;
  /** Time. */
  clock: Clock;
}

interface Chunk {
  startBytes: number;
  bytes: Uint8Array;
  /** Whether a request that was given up may still be sending it: then its buffer is not used again. */
  isForsaken: boolean;
}

/**
 * One reading of a blob for several readers, each at a position of its own. The rules:
 *
 * - A chunk is read when the foremost reader asks for it, and kept until the last one is three chunks past it.
 * - Who comes first waits for those that are expected. They begin together, at the lowest position.
 * - At most 32 chunks are kept. While a reader is that far behind, the others wait.
 * - Nobody is waited for longer than 5 seconds, and then not again until it keeps up by itself.
 * - A reader asks for what is not kept any more, because it was left behind or tries a part again: it is told to read
 *   alone. Whenever it asks for something that is kept, it is part of the round again.
 * - When a read fails, it fails for all that wait for it; who then asks begins a new round.
 */
export class FanOut implements Disposable {
  #options: FanOutOptions;
  /** Where each reader that takes part is. */
  #positions = new Map<string, number>();
  #awaited: Set<string>;
  #gathering: Promise<void> | undefined;
  #isGathered = false;
  /** What is kept, without gaps. */
  #chunks: Chunk[] = [];
  /** Where the next chunk begins. */
  #endBytes = 0;
  #stream: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #reading: Promise<void> | undefined;
  #buffers: BufferPool;
  /** Since when too much is kept, on and off. */
  #fullSinceMs: number | undefined;
  /** Called when something has changed that could be waited for. */
  #wake: () => void = () => {};

  /**
   * Reads nothing yet.
   *
   * @param options What is read, and who will read it.
   */
  constructor(options: FanOutOptions) {
    this.#options = options;
    this.#awaited = new Set([...options.expected].filter((reader) => !options.late.has(reader)));
    this.#buffers = new BufferPool(options.bufferBytes ?? BUFFER_BYTES);
  }

  /**
   * Whether a reader should read here rather than alone: others take part, or may, or what they have begun is at hand.
   *
   * @param reader Who asks.
   * @param positionBytes Where in the blob it will read.
   * @returns Whether it should.
   */
  has(reader: string, positionBytes: number): boolean {
    const isFollowing = this.#stream !== undefined && this.#positions.get(reader) === positionBytes;
    return isFollowing || this.#positions.size + this.#awaited.size > 1;
  }

  /**
   * Gives a reader its next bytes. They stay as they are until it has asked for three more chunks.
   *
   * @param reader Who asks.
   * @param positionBytes Where in the blob, below its end.
   * @param maxBytes Not more than this.
   * @returns At least one byte, or `undefined` if the reader is to read alone from there.
   * @throws What the source throws.
   */
  async next(reader: string, positionBytes: number, maxBytes: number): Promise<Uint8Array | undefined> {
    if (!this.#isGathered && !await this.#gather(reader, positionBytes)) return undefined;
    if (!this.#takePart(reader, positionBytes)) return undefined;
    while (positionBytes >= this.#endBytes) {
      await (this.#reading ??= this.#readOn().finally(() => this.#reading = undefined));
      if (this.#positions.get(reader) !== positionBytes) return undefined;
    }
    const { bytes, startBytes } = this.#chunks[this.#indexOf(positionBytes)]!;
    const piece = bytes.subarray(positionBytes - startBytes, positionBytes - startBytes + maxBytes);
    this.#positions.set(reader, positionBytes + piece.length);
    this.#wake();
    return piece;
  }

  /**
   * Takes note that a reader needs nothing more: it is done, has failed, or never begins.
   *
   * @param reader Who.
   */
  leave(reader: string): void {
    this.#awaited.delete(reader);
    this.#forsake(reader);
    this.#wake();
  }

  /** Ends the reading. */
  [Symbol.dispose](): void {
    this.#awaited.clear();
    this.#positions.clear();
    this.#begin(0);
  }

  /** Waits until everybody is here who is expected; tells whether the reader still is. */
  async #gather(reader: string, positionBytes: number): Promise<boolean> {
    this.#positions.set(reader, positionBytes);
    this.#awaited.delete(reader);
    this.#wake();
    await (this.#gathering ??= this.#waitForAll());
    return this.#positions.get(reader) === positionBytes;
  }

  async #waitForAll(): Promise<void> {
    const untilMs = this.#options.clock.now() + PATIENCE_MS;
    await this.#waitFor(() => this.#awaited.size === 0, untilMs);
    for (const reader of this.#awaited) this.#options.late.add(reader);
    this.#awaited.clear();
    this.#isGathered = true;
    this.#begin(Math.min(...this.#positions.values()));
  }

  /** Drops what is kept and goes on elsewhere. */
  #begin(positionBytes: number): void {
    this.#stream?.cancel().catch(() => {});
    this.#stream = undefined;
    this.#chunks = [];
    this.#endBytes = positionBytes;
    this.#wake();
  }

  /** Lets a reader take part, if what it asks for is kept or comes soon. */
  #takePart(reader: string, positionBytes: number): boolean {
    if (this.#positions.get(reader) !== positionBytes) this.#forsake(reader);
    if (!this.#isNear(positionBytes)) {
      if (this.#positions.size > 0) return false;
      this.#begin(positionBytes);
    }
    this.#positions.set(reader, positionBytes);
    this.#options.late.delete(reader);
    return true;
  }

  #isNear(positionBytes: number): boolean {
    const { bufferBytes = BUFFER_BYTES } = this.#options;
    const firstBytes = this.#chunks[0]?.startBytes ?? this.#endBytes;
    return positionBytes >= firstBytes && positionBytes < this.#endBytes + MAX_CHUNKS * bufferBytes;
  }

  /** Keeps nothing for a reader any more, nor overwrites what its last request may still be sending. */
  #forsake(reader: string): void {
    const positionBytes = this.#positions.get(reader);
    if (positionBytes === undefined) return;
    this.#positions.delete(reader);
    const index = this.#indexOf(positionBytes);
    for (const chunk of this.#chunks.slice(Math.max(index - UNSETTLED_CHUNKS, 0), index + 1)) {
      chunk.isForsaken = true;
    }
  }

  async #readOn(): Promise<void> {
    await this.#makeRoom();
    if (this.#positions.size === 0) return;
    const { source, blob } = this.#options;
    const stream = this.#stream ??= source.openBlob(blob, {
      offsetBytes: this.#endBytes,
      buffers: this.#buffers,
    }).getReader();
    try {
      const { value } = await stream.read();
      if (stream !== this.#stream) return;
      if (!value) throw new RangeError(`The source of ${blob.digest} gave less than its ${blob.size} bytes`);
      this.#chunks.push({ startBytes: this.#endBytes, bytes: value, isForsaken: false });
      this.#endBytes += value.length;
    } catch (error) {
      if (stream !== this.#stream) return;
      this.#positions.clear();
      this.#begin(0);
      throw error;
    }
  }

  /** Waits for those that are behind, if too much is kept for them. */
  async #makeRoom(): Promise<void> {
    const hasRoom = (): boolean => {
      this.#dropOld();
      return this.#chunks.length < MAX_CHUNKS;
    };
    const isEnough = hasRoom();
    if (this.#chunks.length <= MAX_CHUNKS / 2) this.#fullSinceMs = undefined;
    if (isEnough) return;
    this.#fullSinceMs ??= this.#options.clock.now();
    if (await this.#waitFor(hasRoom, this.#fullSinceMs + PATIENCE_MS)) return;
    for (const [reader, positionBytes] of this.#positions) {
      if (this.#indexOf(positionBytes) >= MAX_CHUNKS / 2) continue;
      this.#options.late.add(reader);
      this.#forsake(reader);
    }
    this.#dropOld();
  }

  #dropOld(): void {
    if (this.#positions.size === 0) return;
    const hindmost = this.#indexOf(Math.min(...this.#positions.values()));
    for (const { bytes, isForsaken } of this.#chunks.splice(0, hindmost - UNSETTLED_CHUNKS)) {
      if (!isForsaken) this.#buffers.giveBack(bytes);
    }
  }

  /** The chunk that holds a byte; beyond the last where it is not read yet. */
  #indexOf(positionBytes: number): number {
    const index = this.#chunks.findIndex(({ startBytes, bytes }) =>
      positionBytes < startBytes + bytes.length
    );
    return index < 0 ? this.#chunks.length : index;
  }

  async #waitFor(isMet: () => boolean, untilMs: number): Promise<boolean> {
    const { clock } = this.#options;
    while (!isMet()) {
      const leftMs = untilMs - clock.now();
      if (leftMs <= 0) return false;
      const change = new AbortController();
      this.#wake = () => change.abort();
      await clock.sleep(leftMs, change.signal).catch(() => {});
    }
    return true;
  }
}
