import { PusherError } from "../errors.ts";
import { unreadableArchive, unsupportedArchive } from "./archive_error.ts";
import { DiskReader, type FileRange, type StreamOptions } from "./disk_reader.ts";
import { fileIdentity } from "./file_identity.ts";
import type { SeekableBytes } from "./seekable_bytes.ts";

/** The file of an archive: small reads through one handle, streams through a handle each. */
export class ArchiveFile implements SeekableBytes, Disposable {
  /** As it was given. */
  readonly path: string;
  /** Size when it was opened. */
  readonly sizeBytes: number;
  /** Changes when the file may have. */
  readonly identity: string;
  readonly #reader: DiskReader;
  /** For headers and documents. */
  readonly #main: Deno.FsFile;

  /**
   * Takes over an open file; {@linkcode ArchiveFile.open} opens one.
   *
   * @param path The file.
   * @param info Its size and time of change.
   * @param open Its reader and an open handle; both are closed with this object.
   */
  constructor(
    path: string,
    info: Pick<Deno.FileInfo, "size" | "mtime">,
    open: { reader: DiskReader; main: Deno.FsFile },
  ) {
    this.path = path;
    this.sizeBytes = info.size;
    this.identity = fileIdentity(info);
    this.#reader = open.reader;
    this.#main = open.main;
  }

  /**
   * Opens a regular file.
   *
   * @param path The file.
   * @returns The open file.
   * @throws {PusherError} `ARCHIVE_NOT_FOUND` if it is missing or may not be read, `ARCHIVE_UNSUPPORTED` if it
   * is a pipe or device.
   */
  static async open(path: string): Promise<ArchiveFile> {
    try {
      // Asked first, since opening a pipe would wait for its writer.
      const info = await Deno.stat(path);
      if (!info.isFile) throw special(path);
      const reader = new DiskReader(path);
      return new ArchiveFile(path, info, { reader, main: await reader.open(path) });
    } catch (error) {
      throw error instanceof PusherError ? error : unreadableArchive(path, error);
    }
  }

  /** Bytes read from the file so far, by whatever means. */
  get readBytes(): number {
    return this.#reader.readBytes;
  }

  /** Whether there still is a file of this name, with the same size and time of change. */
  async isUnchanged(): Promise<boolean> {
    const info = await Deno.stat(this.path).catch(() => undefined);
    return info !== undefined && fileIdentity(info) === this.identity;
  }

  /**
   * Reads until `into` is full or the file ends.
   *
   * @param into Receives the bytes.
   * @param offsetBytes Where to start.
   * @returns How many were read.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if the disk fails.
   */
  readAt(into: Uint8Array, offsetBytes: number): Promise<number> {
    return this.#reader.readAt(this.#main, into, offsetBytes);
  }

  /**
   * Streams a part of the file through a handle of its own. Chunks come in reused buffers: each is valid only
   * until the next one is asked for.
   *
   * @param range Which part.
   * @param options Buffers to use, and who sees what passes.
   * @returns A stream of exactly that part.
   */
  stream(range: FileRange, options?: StreamOptions): ReadableStream<Uint8Array> {
    return this.#reader.stream(this.path, range, options);
  }

  /** Closes every handle, also those of streams that were never ended. */
  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
  }
}

function special(path: string): PusherError {
  return unsupportedArchive(path, {
    found: "special file",
    reason: "it is not a regular file",
    hint: "Write the image to a file first, for example with docker save -o image.tar IMAGE.",
  });
}
