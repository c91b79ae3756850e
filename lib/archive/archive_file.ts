import { PusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";
import { BufferRing, type BufferSupply } from "../util/buffer_ring.ts";
import type { StreamTap } from "../util/stream_body.ts";
import { corruptArchive, unsupportedArchive } from "./archive_error.ts";
import { streamRange } from "./range_stream.ts";
import type { SeekableBytes } from "./seekable_bytes.ts";

/** A part of the file that belongs to an entry. */
export interface FileRange {
  /** The entry, for messages. */
  name: string;
  /** First byte, counted from the start of the file. */
  offsetBytes: number;
  /** How many bytes. */
  sizeBytes: number;
}

/** How a part is streamed. */
export interface StreamOptions {
  /**
   * What is read into.
   *
   * @default {a new ring}
   */
  buffers?: BufferSupply | undefined;
  /** Sees what passes. */
  tap?: StreamTap | undefined;
}

/** The file of an archive: small reads through one handle, streams through a handle each. */
export class ArchiveFile implements SeekableBytes, Disposable {
  /** As it was given. */
  readonly path: string;
  /** Size when it was opened. */
  readonly sizeBytes: number;
  /** Changes when the file may have. */
  readonly identity: string;
  /** For headers and documents. */
  readonly #main: Deno.FsFile;
  /** Every handle that is open, so that a stream nobody ended does not outlive the archive. */
  readonly #handles = new Set<Deno.FsFile>();
  #readBytes = 0;

  /**
   * Takes over an open file; {@linkcode ArchiveFile.open} opens one.
   *
   * @param path The file.
   * @param main An open handle, closed with this object.
   * @param info Its size and time of change.
   */
  constructor(path: string, main: Deno.FsFile, info: Pick<Deno.FileInfo, "size" | "mtime">) {
    this.path = path;
    this.sizeBytes = info.size;
    this.identity = `${info.size} bytes of ${info.mtime?.toISOString() ?? "unknown time"}`;
    this.#main = main;
    this.#handles.add(main);
  }

  /**
   * Opens a regular file.
   *
   * @param path The file.
   * @returns The open file.
   * @throws {PusherError} `ARCHIVE_NOT_FOUND` if it is missing or may not be read, `ARCHIVE_UNSUPPORTED` if it
   * is a directory, pipe or device.
   */
  static async open(path: string): Promise<ArchiveFile> {
    try {
      // Asked first, since opening a pipe would wait for its writer.
      const info = await Deno.stat(path);
      if (info.isDirectory) throw directory(path);
      if (!info.isFile) throw special(path);
      return new ArchiveFile(path, await Deno.open(path), info);
    } catch (error) {
      throw error instanceof PusherError ? error : unreadable(path, error);
    }
  }

  /** Bytes read from the file so far, by whatever means. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /**
   * Reads until `into` is full or the file ends.
   *
   * @param into Receives the bytes.
   * @param offsetBytes Where to start.
   * @returns How many were read.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if the disk fails.
   */
  async readAt(into: Uint8Array, offsetBytes: number): Promise<number> {
    try {
      await this.#main.seek(offsetBytes, Deno.SeekMode.Start);
      return await this.#fill(this.#main, into);
    } catch (cause) {
      throw failedRead(this.path, offsetBytes, cause);
    }
  }

  /**
   * Streams a part of the file through a handle of its own. Chunks come in reused buffers: each is valid only
   * until the next one is asked for.
   *
   * @param range Which part.
   * @param options Buffers to use, and who sees what passes.
   * @returns A stream of exactly that part.
   */
  stream(range: FileRange, options: StreamOptions = {}): ReadableStream<Uint8Array> {
    const { buffers = new BufferRing(), tap } = options;
    let handle: Deno.FsFile | undefined;
    let offsetBytes = range.offsetBytes;
    const close = (): void => {
      if (handle && this.#handles.delete(handle)) handle.close();
    };
    const read = async (into: Uint8Array): Promise<number> => {
      try {
        if (!handle) {
          handle = await Deno.open(this.path);
          this.#handles.add(handle);
          await handle.seek(offsetBytes, Deno.SeekMode.Start);
        }
        const read = await this.#fill(handle, into);
        offsetBytes += read;
        if (read < into.length) throw cutShort(this.path, { ...range, offsetBytes });
        return read;
      } catch (error) {
        throw error instanceof PusherError ? error : failedRead(this.path, offsetBytes, error);
      }
    };
    return streamRange(range.sizeBytes, { read, close, buffers, tap });
  }

  /** Closes every handle, also those of streams that were never ended. */
  [Symbol.dispose](): void {
    for (const handle of this.#handles) handle.close();
    this.#handles.clear();
  }

  async #fill(handle: Deno.FsFile, into: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const read = await handle.read(into.subarray(filled));
      if (!read) break;
      filled += read;
      this.#readBytes += read;
    }
    return filled;
  }
}

function unreadable(path: string, cause: unknown): PusherError {
  const denied = cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable;
  const missing = cause instanceof Deno.errors.NotFound;
  const [reason, hint] = missing ? ["no such file", "Check the path."] : denied
    ? [
      "permission denied",
      "Make the file readable for this user, and for deno if that runs with limited permissions.",
    ]
    : [printable(String((cause as Error)?.message ?? cause)), "Check the path and the disk it is on."];
  return new PusherError("ARCHIVE_NOT_FOUND", `Cannot open "${printable(path)}": ${reason}`, {
    detail: { path },
    hint,
    ...(missing || denied ? {} : { cause }),
  });
}

function directory(path: string): PusherError {
  return unsupportedArchive(path, {
    found: "directory",
    reason: "it is a directory, not a file",
    hint: "If it is an OCI image layout, pack it first: tar -C DIRECTORY -cf image.tar .",
  });
}

function special(path: string): PusherError {
  return unsupportedArchive(path, {
    found: "special file",
    reason: "it is not a regular file",
    hint: "Write the image to a file first, for example with docker save -o image.tar IMAGE.",
  });
}

function cutShort(path: string, range: FileRange): PusherError {
  return corruptArchive(path, `the file ends inside "${range.name}": it became shorter while it was read`, {
    entry: range.name,
    offsetBytes: range.offsetBytes,
    hint: "Wait until nothing writes to the file any more, then try again.",
  });
}

function failedRead(path: string, offsetBytes: number, cause: unknown): PusherError {
  return corruptArchive(path, `reading failed at byte ${offsetBytes}`, {
    offsetBytes,
    hint: "Check the disk that the file is on, and that the file is still there.",
    cause,
  });
}
