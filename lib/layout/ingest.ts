import { PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import { algorithmOf } from "../spec/digest.ts";
import { BUFFER_BYTES } from "../util/buffer_ring.ts";
import { EarlyFlush } from "../util/early_flush.ts";
import { createSha } from "../util/sha256.ts";
import { layoutUnreadable, layoutUnwritable } from "./layout_error.ts";

/** What an {@linkcode Ingest} needs of its layout. */
export interface IngestPlace {
  /** Where the file is. */
  path: string;
  /**
   * Closes the file and gives it the name of a blob, with nobody between who could go on with it. It is removed where
   * somebody holds the same blob already.
   *
   * @param blob Which.
   * @param open The open file.
   */
  adopt(blob: Pick<Descriptor, "digest" | "size">, open: Disposable): Promise<void>;
}

/**
 * A blob on its way into a layout: a file that this process alone writes, and that has the blob's name only once all of it is
 * there. Disposing it before keeps what there is, so that a later process can go on with it.
 */
export class Ingest implements Disposable {
  readonly #place: IngestPlace;
  readonly #file: Deno.FsFile;
  readonly #flush: EarlyFlush;
  #sizeBytes: number;
  #isOpen = true;

  /**
   * Takes over an open and locked file; {@linkcode ImageLayout.openIngest} opens one.
   *
   * @param place Where it is, and how it becomes a blob.
   * @param file The file.
   * @param sizeBytes Its size.
   */
  constructor(place: IngestPlace, file: Deno.FsFile, sizeBytes: number) {
    this.#place = place;
    this.#file = file;
    this.#flush = new EarlyFlush(place.path);
    this.#sizeBytes = sizeBytes;
  }

  /** Bytes in it. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Drops what is there from a position on.
   *
   * @param positionBytes The position, not beyond the end.
   * @throws {PusherError} `STATE_UNWRITABLE`.
   */
  async truncate(positionBytes: number): Promise<void> {
    await this.#writing(this.#file.truncate(positionBytes));
    this.#sizeBytes = positionBytes;
  }

  /**
   * Appends bytes.
   *
   * @param bytes Free to be reused once this has settled.
   * @throws {PusherError} `STATE_UNWRITABLE`; what was written until then stays.
   */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#writing(this.#file.seek(this.#sizeBytes, Deno.SeekMode.Start));
    for (let offset = 0; offset < bytes.length;) {
      const written = await this.#writing(this.#file.write(bytes.subarray(offset)));
      offset += written;
      this.#sizeBytes += written;
    }
    this.#flush.wrote(bytes.length);
  }

  /**
   * Reads some of what is there.
   *
   * @param into Receives it.
   * @param offsetBytes Where to start.
   * @returns How many bytes; 0 at the end.
   * @throws {PusherError} `STATE_UNREADABLE`.
   */
  async readAt(into: Uint8Array, offsetBytes: number): Promise<number> {
    try {
      await this.#file.seek(offsetBytes, Deno.SeekMode.Start);
      return await this.#file.read(into) ?? 0;
    } catch (cause) {
      throw layoutUnreadable(this.#place.path, cause);
    }
  }

  /**
   * Makes it the blob, once it is on the disk. It is closed then.
   *
   * @param blob Digest and size that it must have.
   * @param options What is known of it.
   * @param options.isVerified Whether whoever wrote all of it has found that it has this digest: it is read again otherwise.
   * @throws {PusherError} `DIGEST_MISMATCH` if it is anything else, and it is gone then; `STATE_UNWRITABLE`.
   */
  async commit(
    blob: Pick<Descriptor, "digest" | "size">,
    { isVerified = false }: { isVerified?: boolean } = {},
  ): Promise<void> {
    const actual = this.#sizeBytes !== blob.size
      ? `${this.#sizeBytes} bytes`
      : isVerified
      ? blob.digest
      : await this.#digestLike(blob);
    if (actual !== blob.digest) {
      await this.abandon();
      throw otherContent(blob, actual);
    }
    await this.#flush.settled();
    await this.#writing(this.#file.sync());
    await this.#writing(this.#place.adopt(blob, this));
  }

  /** Removes it. */
  async abandon(): Promise<void> {
    if (!this.#isOpen) return;
    // While it is locked, so that nobody goes on with it; what cannot be removed is swept later.
    await Deno.remove(this.#place.path).catch(() => {});
    this[Symbol.dispose]();
  }

  /** Closes it, for others to go on with. */
  [Symbol.dispose](): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  async #digestLike({ digest }: Pick<Descriptor, "digest">): Promise<string> {
    const algorithm = algorithmOf(digest);
    const hash = await createSha(algorithm);
    const buffer = new Uint8Array(BUFFER_BYTES);
    for (let offsetBytes = 0; offsetBytes < this.#sizeBytes;) {
      const read = await this.readAt(buffer, offsetBytes);
      if (read === 0) break;
      hash.update(buffer.subarray(0, read));
      offsetBytes += read;
    }
    return `${algorithm}:${hash.hex()}`;
  }

  async #writing<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      throw cause instanceof PusherError ? cause : layoutUnwritable(this.#place.path, cause);
    }
  }
}

function otherContent(
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  actual: string,
): PusherError<"DIGEST_MISMATCH"> {
  return new PusherError("DIGEST_MISMATCH", `Cannot keep blob ${digest}: its content is ${actual}`, {
    detail: { expected: actual.endsWith(" bytes") ? `${size} bytes` : digest, actual },
    hint: "Send it again, from the beginning.",
  });
}
