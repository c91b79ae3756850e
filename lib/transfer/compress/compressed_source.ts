import type { Descriptor } from "../../spec/descriptor.ts";
import { algorithmOf, type Digest } from "../../spec/digest.ts";
import { BufferRing } from "../../util/buffer_ring.ts";
import { ChunkReader } from "../../util/chunk_reader.ts";
import { type CompressOptions, compressStream } from "../../util/compress_stream.ts";
import { streamRange } from "../../util/range_stream.ts";
import { createSha } from "../../util/sha256.ts";
import type { BlobRange } from "../../util/stream_body.ts";
import { DigestCheck } from "../hash/digest_check.ts";
import type { FoundBlob } from "../pass/passing_window.ts";
import type { BlobSource } from "../ports.ts";

/**
 * Gives layers of another source compressed, and its other blobs as they are. What is compressed again is the same
 * again, so that an upload can go on in the middle.
 */
export class CompressedSource implements BlobSource {
  #source: BlobSource;
  #options: CompressOptions;
  /** Plain layers, by digest of the compressed one. */
  #plain = new Map<Digest, Descriptor>();

  /**
   * Compresses nothing yet.
   *
   * @param source Where the plain layers are.
   * @param options How they are compressed, and who does it.
   */
  constructor(source: BlobSource, options: CompressOptions) {
    this.#source = source;
    this.#options = options;
  }

  /**
   * Takes note of what a layer is once it is compressed: from then on it can be opened by that.
   *
   * @param plain The layer.
   * @param compressed What it becomes.
   */
  add(plain: Descriptor, compressed: FoundBlob): void {
    this.#plain.set(compressed.digest, plain);
  }

  /**
   * What a blob is read from, and how it is compressed.
   *
   * @param blob Which.
   * @returns Text to compare and to keep.
   */
  identityOf(blob: Descriptor): string {
    const plain = this.#plain.get(blob.digest);
    if (!plain) return this.#source.identityOf(blob);
    const { format, level } = this.#options.method;
    return `${this.#source.identityOf(plain)} as ${format}:${level}`;
  }

  /**
   * Opens a blob. To begin in the middle of a compressed one, everything before is compressed, too.
   *
   * @param blob Which.
   * @param range Which part; the whole by default.
   * @returns A stream that gives exactly that part.
   */
  openBlob(blob: Descriptor, range: BlobRange = {}): ReadableStream<Uint8Array> {
    const plain = this.#plain.get(blob.digest);
    if (!plain) return this.#source.openBlob(blob, range);
    const { offsetBytes = 0, lengthBytes = blob.size - offsetBytes, buffers = new BufferRing(), tap } = range;
    const compressed = this.compress(plain);
    let skipping: Promise<void> | undefined;
    return streamRange(lengthBytes, {
      async read(into) {
        await (skipping ??= compressed.skip(offsetBytes));
        if (await compressed.read(into) === into.length) return;
        throw new RangeError(`Compressing ${plain.digest} gave less than the ${blob.size} bytes before`);
      },
      close: () => void compressed[Symbol.asyncDispose](),
      buffers,
      tap,
    });
  }

  /**
   * Compresses a layer.
   *
   * @param plain The layer.
   * @param onBytes Told of plain bytes that were read.
   * @returns Its compressed bytes; reading the last of them fails with `DIGEST_MISMATCH` if the layer is not what its
   * digest says.
   */
  compress(plain: Descriptor, onBytes?: (sizeBytes: number) => void): ChunkReader {
    return new ChunkReader(this.#compress(plain, onBytes));
  }

  async *#compress(
    plain: Descriptor,
    onBytes?: (sizeBytes: number) => void,
  ): AsyncGenerator<Uint8Array, void, void> {
    using check = new DigestCheck(plain, await createSha(algorithmOf(plain.digest)));
    let positionBytes = 0;
    const onChunk = (chunk: Uint8Array): void | Promise<void> => {
      const checking = check.pass(chunk, positionBytes);
      positionBytes += chunk.length;
      onBytes?.(chunk.length);
      return checking;
    };
    if (plain.size === 0) await onChunk(new Uint8Array());
    yield* compressStream(this.#source.openBlob(plain, { tap: { onChunk } }), this.#options);
  }
}
