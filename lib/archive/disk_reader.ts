import { PusherError } from "../errors.ts";
import { BufferRing, type BufferSupply } from "../util/buffer_ring.ts";
import { streamRange } from "../util/range_stream.ts";
import type { StreamTap } from "../util/stream_body.ts";
import { corruptArchive } from "./archive_error.ts";

/** A part of a file that belongs to an entry. */
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

/** Reads the files that an archive consists of, and counts what it reads. */
export class DiskReader implements Disposable {
  readonly #archive: string;
  /** Every handle that is open, so that a stream nobody ended does not outlive the archive. */
  readonly #handles = new Set<Deno.FsFile>();
  #readBytes = 0;

  /**
   * Starts with nothing open.
   *
   * @param archive Path of the archive, for messages.
   */
  constructor(archive: string) {
    this.#archive = archive;
  }

  /** Bytes read so far, by whatever means. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /**
   * Opens a file.
   *
   * @param path The file.
   * @returns A handle; it is closed by `close`, or with this object.
   */
  async open(path: string): Promise<Deno.FsFile> {
    const handle = await Deno.open(path);
    this.#handles.add(handle);
    return handle;
  }

  /**
   * Closes a handle; again, if need be.
   *
   * @param handle Of `open`.
   */
  close(handle: Deno.FsFile): void {
    if (this.#handles.delete(handle)) handle.close();
  }

  /**
   * Reads until `into` is full or the file ends.
   *
   * @param handle Of `open`.
   * @param into Receives the bytes.
   * @param offsetBytes Where to start.
   * @returns How many were read.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if the disk fails.
   */
  async readAt(handle: Deno.FsFile, into: Uint8Array, offsetBytes: number): Promise<number> {
    try {
      await handle.seek(offsetBytes, Deno.SeekMode.Start);
      return await this.#fill(handle, into);
    } catch (cause) {
      throw failedRead(this.#archive, offsetBytes, cause);
    }
  }

  /**
   * Streams a part of a file through a handle of its own. Chunks come in reused buffers: each is valid only
   * until the next one is asked for.
   *
   * @param path The file.
   * @param range Which part.
   * @param options Buffers to use, and who sees what passes.
   * @returns A stream of exactly that part.
   */
  stream(path: string, range: FileRange, options: StreamOptions = {}): ReadableStream<Uint8Array> {
    const { buffers = new BufferRing(), tap } = options;
    let handle: Deno.FsFile | undefined;
    let offsetBytes = range.offsetBytes;
    const close = (): void => {
      if (handle) this.close(handle);
    };
    const read = async (into: Uint8Array): Promise<number> => {
      try {
        if (!handle) {
          handle = await this.open(path);
          await handle.seek(offsetBytes, Deno.SeekMode.Start);
        }
        const read = await this.#fill(handle, into);
        offsetBytes += read;
        if (read < into.length) throw cutShort(this.#archive, { ...range, offsetBytes });
        return read;
      } catch (error) {
        throw error instanceof PusherError ? error : failedRead(this.#archive, offsetBytes, error);
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

function cutShort(archive: string, range: FileRange): PusherError {
  return corruptArchive(
    archive,
    `the file ends inside "${range.name}": it became shorter while it was read`,
    {
      entry: range.name,
      offsetBytes: range.offsetBytes,
      hint: "Wait until nothing writes to the file any more, then try again.",
    },
  );
}

function failedRead(archive: string, offsetBytes: number, cause: unknown): PusherError {
  return corruptArchive(archive, `reading failed at byte ${offsetBytes}`, {
    offsetBytes,
    hint: "Check the disk that the file is on, and that the file is still there.",
    cause,
  });
}
