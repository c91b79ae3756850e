import { corruptArchive } from "./archive_error.ts";
import type { ForwardBytes } from "./compression/forward_bytes.ts";
import type { SeekableBytes } from "./seekable_bytes.ts";

/** What is read where a header is far from the one before it: enough for the small entries that come in clusters. */
const MIN_WINDOW_BYTES = 4 * 2 ** 10;
const MAX_WINDOW_BYTES = 64 * 2 ** 10;

/** A window that served this many requests lies among small entries: the next one is twice as large. */
const DENSE_REQUESTS = 3;

/**
 * Reads a file forwards in pieces whose size follows what is found there: skipping over large bodies costs one small
 * read each, and a hundred thousand small entries do not cost a read each.
 */
export class ReadWindow implements ForwardBytes {
  readonly #source: SeekableBytes;
  #buffer = new Uint8Array(MIN_WINDOW_BYTES);
  #windowBytes = MIN_WINDOW_BYTES;
  /** What the buffer holds: [start, end) of the file. */
  #start = 0;
  #end = 0;
  /** Requests that this window served. */
  #requests = 0;

  /**
   * Starts without having read anything.
   *
   * @param source What to read.
   */
  constructor(source: SeekableBytes) {
    this.#source = source;
  }

  /** The file. */
  get path(): string {
    return this.#source.path;
  }

  /** Its size. */
  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }

  /**
   * Makes the error for a file that is too short.
   *
   * @param what Inside of what it ends.
   * @param entry The entry, if its name is known.
   * @returns The error.
   */
  endsInside(what: string, entry: string | undefined): Error {
    const { path, sizeBytes } = this.#source;
    return corruptArchive(path, `the file ends inside ${what}`, { entry, offsetBytes: sizeBytes });
  }

  /**
   * Gives bytes of the file.
   *
   * @param offsetBytes Where they start; not before those of the last call.
   * @param lengthBytes How many.
   * @returns The bytes, fewer where the file ends; valid until the next call.
   */
  async bytes(offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    const isInside = offsetBytes >= this.#start && offsetBytes + lengthBytes <= this.#end;
    if (!isInside) await this.#move(offsetBytes, lengthBytes);
    this.#requests++;
    const at = offsetBytes - this.#start;
    return this.#buffer.subarray(at, Math.min(at + lengthBytes, this.#end - this.#start));
  }

  async #move(offsetBytes: number, lengthBytes: number): Promise<void> {
    const isDense = this.#requests >= DENSE_REQUESTS;
    this.#windowBytes = isDense ? Math.min(this.#windowBytes * 2, MAX_WINDOW_BYTES) : MIN_WINDOW_BYTES;
    const wantedBytes = Math.max(this.#windowBytes, lengthBytes);
    if (this.#buffer.length < wantedBytes) this.#buffer = new Uint8Array(wantedBytes);
    const read = await this.#source.readAt(this.#buffer.subarray(0, wantedBytes), offsetBytes);
    this.#start = offsetBytes;
    this.#end = offsetBytes + read;
    this.#requests = 0;
  }
}
