import { isPusherError, type PusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import { BufferRing } from "../../util/buffer_ring.ts";
import { ChunkReader } from "../../util/chunk_reader.ts";
import { streamRange } from "../../util/range_stream.ts";
import type { RetryContext } from "../../util/retry.ts";
import type { BlobRange } from "../../util/stream_body.ts";
import type { EventSink } from "../events.ts";
import type { BlobOrigin, BlobSource } from "../ports.ts";
import { downloadBlob, wrongContent } from "./download_blob.ts";
import { SourceFailure } from "./source_failure.ts";

/** Downloads of one blob that are kept open between parts: each is a connection. */
const MAX_WAITING = 4;

/** How an {@linkcode OriginSource} downloads. */
export interface OriginSourceOptions extends RetryContext {
  /** Told of attempts that failed. */
  onEvent: EventSink;
}

/** A download that has come to the end of a part, and waits for the next one to be asked for. */
interface Waiting {
  reader: ChunkReader;
  positionBytes: number;
}

/**
 * Gives the blobs of a repository as they are asked for: nothing is kept. An upload that sends a blob in parts reads all of
 * them from one answer; what breaks is continued from where it broke. Reading fails with a {@linkcode SourceFailure}.
 */
export class OriginSource implements BlobSource, Disposable {
  /** It is on the other side of a link. */
  readonly isRemote = true;
  /** Blames the repository. */
  readonly wrongContent: (expected: Digest, actual: string) => PusherError<"DIGEST_MISMATCH">;
  #origin: BlobOrigin;
  #options: OriginSourceOptions;
  #stop = new AbortController();
  /** More than one for a blob where registries read it apart from each other. */
  #waiting = new Map<Digest, Waiting[]>();

  /**
   * Reads nothing yet.
   *
   * @param origin The repository.
   * @param options Retries, time, events.
   */
  constructor(origin: BlobOrigin, options: OriginSourceOptions) {
    this.#origin = origin;
    this.#options = { ...options, signal: AbortSignal.any([options.signal, this.#stop.signal]) };
    this.wrongContent = wrongContent(origin);
  }

  /**
   * What names a blob by its digest is the same wherever it is read from.
   *
   * @returns The same for all blobs.
   */
  identityOf(): string {
    return "registry";
  }

  /**
   * Opens a blob.
   *
   * @param blob Which.
   * @param range Which part; the whole by default.
   * @returns A stream that gives exactly that part.
   */
  openBlob(blob: Descriptor, range: BlobRange = {}): ReadableStream<Uint8Array> {
    const { offsetBytes = 0, lengthBytes = blob.size - offsetBytes, buffers = new BufferRing(), tap } = range;
    const reader = this.#takeUp(blob, offsetBytes) ?? this.#download(blob, offsetBytes);
    const endBytes = offsetBytes + lengthBytes;
    let positionBytes = offsetBytes;
    return streamRange(lengthBytes, {
      read: async (into) => {
        await reading(() => reader.read(into));
        positionBytes += into.length;
        // What follows the end would be too much.
        if (positionBytes === blob.size) await reading(() => reader.skip(1));
      },
      close: () => {
        const isAtEnd = positionBytes === blob.size;
        if (positionBytes === endBytes && !isAtEnd) this.#keep(blob, { reader, positionBytes });
        else end(reader);
        // Some may be left from attempts that failed.
        if (isAtEnd) this.#endAll(blob.digest);
      },
      buffers,
      tap,
    });
  }

  /** Ends all downloads. */
  [Symbol.dispose](): void {
    this.#stop.abort();
    for (const digest of this.#waiting.keys()) this.#endAll(digest);
  }

  #download(blob: Descriptor, offsetBytes: number): ChunkReader {
    return new ChunkReader(downloadBlob(blob, this.#origin, { ...this.#options, offsetBytes }));
  }

  #takeUp({ digest }: Descriptor, offsetBytes: number): ChunkReader | undefined {
    const waiting = this.#waiting.get(digest) ?? [];
    const at = waiting.findIndex(({ positionBytes }) => positionBytes === offsetBytes);
    return at < 0 ? undefined : waiting.splice(at, 1)[0]?.reader;
  }

  #keep({ digest }: Descriptor, download: Waiting): void {
    const waiting = this.#waiting.get(digest) ?? [];
    this.#waiting.set(digest, waiting);
    waiting.push(download);
    if (waiting.length > MAX_WAITING) end(waiting.shift()!.reader);
  }

  #endAll(digest: Digest): void {
    for (const { reader } of this.#waiting.get(digest) ?? []) end(reader);
    this.#waiting.delete(digest);
  }
}

/** How it ends does not matter any more. */
function end(reader: ChunkReader): void {
  reader[Symbol.asyncDispose]().catch(() => {});
}

async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw isPusherError(error) ? new SourceFailure(error) : error;
  }
}
