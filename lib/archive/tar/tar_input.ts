import type { ByteReader } from "../../util/byte_reader.ts";
import { corruptArchive } from "../archive_error.ts";
import type { ForwardBytes } from "../compression/forward_bytes.ts";

/** What is read at a time where headers are looked for, and where nobody wants what comes. */
const BUFFER_BYTES = 64 * 2 ** 10;

/** A tar archive that comes once: headers are looked at, bodies read or skipped, nothing is given twice. */
export class TarInput implements ForwardBytes {
  /** As the user named it. */
  readonly path: string;
  /** Known only at the end. */
  readonly sizeBytes: number = Infinity;
  readonly #read: ByteReader;
  #buffer = new Uint8Array(BUFFER_BYTES);
  /** What the buffer holds of what was not taken yet: [start, end) within it. */
  #start = 0;
  #end = 0;
  /** Where in the archive that starts. */
  #positionBytes = 0;
  #isAtEnd = false;

  /**
   * Reads nothing yet.
   *
   * @param path As the user named it, for messages.
   * @param read Gives the archive, uncompressed.
   */
  constructor(path: string, read: ByteReader) {
    this.path = path;
    this.#read = read;
  }

  /** Bytes that came so far. */
  get readBytes(): number {
    return this.#positionBytes + this.#end - this.#start;
  }

  /** Whether the end was met. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /**
   * Looks at bytes without taking them; those before are skipped.
   *
   * @param offsetBytes Where they start; not before what was taken.
   * @param lengthBytes How many.
   * @returns The bytes, fewer where they end; valid until the next call of anything.
   */
  async bytes(offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    await this.#skipTo(offsetBytes);
    if (this.#buffer.length - this.#start < lengthBytes) this.#makeRoom(lengthBytes);
    while (this.#end - this.#start < lengthBytes && await this.#fill());
    return this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + lengthBytes));
  }

  /**
   * Takes the body of an entry.
   *
   * @param entry Where it is; nothing behind it was looked at.
   * @returns Gives the body; fails with `ARCHIVE_CORRUPT` if it is cut short.
   */
  body(entry: { name: string; offsetBytes: number; sizeBytes: number }): ByteReader {
    const { name, offsetBytes, sizeBytes } = entry;
    let takenBytes = 0;
    return async (into) => {
      const wanted = into.subarray(0, sizeBytes - takenBytes);
      if (wanted.length === 0) return 0;
      await this.#skipTo(offsetBytes + takenBytes);
      const readBytes = await this.#take(wanted);
      if (readBytes === 0) throw this.endsInside(`"${name}"`, name);
      takenBytes += readBytes;
      return readBytes;
    };
  }

  /** Takes everything to the end: whoever writes it has to finish without trouble. */
  async drain(): Promise<void> {
    await this.#skipTo(Infinity);
  }

  /**
   * Makes the error for an archive that ends inside of something.
   *
   * @param what Inside of what.
   * @param entry The entry, if its name is known.
   * @returns The error.
   */
  endsInside(what: string, entry: string | undefined): Error {
    return this.endsEarly(`inside ${what}`, entry);
  }

  /**
   * Makes the error for an archive that ends too early.
   *
   * @param where Where it ends, for people.
   * @param entry The entry, if it ends within one.
   * @returns The error.
   */
  endsEarly(where: string, entry?: string): Error {
    return corruptArchive(this.path, `it ended ${where}`, {
      entry,
      offsetBytes: this.readBytes,
      hint: "What writes it has probably failed: look at its messages, and run it again.",
    });
  }

  /** What is held comes first; what follows goes past the buffer. */
  async #take(into: Uint8Array): Promise<number> {
    const held = this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + into.length));
    into.set(held);
    this.#start += held.length;
    const readBytes = held.length || await this.#read(into);
    this.#positionBytes += readBytes;
    this.#isAtEnd ||= readBytes === 0;
    return readBytes;
  }

  async #skipTo(offsetBytes: number): Promise<void> {
    while (this.#positionBytes < offsetBytes) {
      const leftBytes = offsetBytes - this.#positionBytes;
      if (this.#start === this.#end && !await this.#fill()) return;
      const skippedBytes = Math.min(leftBytes, this.#end - this.#start);
      this.#start += skippedBytes;
      this.#positionBytes += skippedBytes;
    }
  }

  /** Reads more behind what is held; gives whether there was more. */
  async #fill(): Promise<boolean> {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    const readBytes = await this.#read(this.#buffer.subarray(this.#end));
    this.#end += readBytes;
    this.#isAtEnd ||= readBytes === 0;
    return readBytes > 0;
  }

  #makeRoom(lengthBytes: number): void {
    const held = this.#buffer.subarray(this.#start, this.#end);
    const buffer = lengthBytes > this.#buffer.length ? new Uint8Array(lengthBytes) : this.#buffer;
    buffer.set(held);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = held.length;
  }
}
