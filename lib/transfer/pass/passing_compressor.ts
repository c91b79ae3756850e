import { compressedType } from "../../spec/compress_layers.ts";
import { type Digest, sha256Digest } from "../../spec/digest.ts";
import { MEDIA_TYPE } from "../../spec/media_type.ts";
import { BUFFER_BYTES } from "../../util/buffer_ring.ts";
import type { ByteReader } from "../../util/byte_reader.ts";
import { ChunkReader } from "../../util/chunk_reader.ts";
import { type CompressOptions, compressStream } from "../../util/compress_stream.ts";
import { createSha256 } from "../../util/sha256.ts";
import { otherBytes } from "../hash/digest_check.ts";
import type { EventSink } from "../events.ts";
import type { PassingPush } from "./passing_push.ts";
import type { FoundBlob } from "./passing_window.ts";
import type { Compression } from "../progress/report.ts";

/** A plain layer that passes once. */
export interface PassingLayer {
  /** Name of its entry. */
  name: string;
  /** The digest that it claims to have. */
  digest: Digest | undefined;
  /** Its size in bytes. */
  size: number;
}

/** How a {@linkcode PassingCompressor} works. */
export interface PassingCompressorOptions extends CompressOptions {
  /** What layers become, as far as it is known beforehand. */
  known: ReadonlyMap<Digest, FoundBlob>;
  /** Told of each layer when it is known what it becomes. */
  onCompressed: (digest: Digest, compressed: FoundBlob) => Promise<void>;
  /** Told of everything that happens. */
  onEvent: EventSink;
}

/** Compresses layers that pass once, and sends them on the way. */
export class PassingCompressor {
  /** What became of layers, by digest of the plain layer. */
  readonly compressed = new Map<Digest, FoundBlob>();
  #plainBytes = 0;
  #compressedBytes = 0;
  #passing: PassingPush;
  #options: PassingCompressorOptions;

  /**
   * Starts nothing yet.
   *
   * @param passing Sends what comes of it.
   * @param options How layers are compressed.
   */
  constructor(passing: PassingPush, options: PassingCompressorOptions) {
    this.#passing = passing;
    this.#options = options;
  }

  /** What was compressed here. */
  get compression(): Compression {
    return { plainBytes: this.#plainBytes, compressedBytes: this.#compressedBytes };
  }

  /**
   * Lets a layer pass. When it is known what it becomes, and that is there already, nothing is compressed or sent.
   *
   * @param layer What passes.
   * @param read Gives its bytes.
   * @returns What it is before it is compressed.
   * @throws {PusherError} `DIGEST_MISMATCH` if it is not what it claims to be; as `PassingPush.pass`.
   */
  async pass(layer: PassingLayer, read: ByteReader): Promise<FoundBlob> {
    const { known, method } = this.#options;
    const mediaType = compressedType(MEDIA_TYPE.ociLayer, method.format)!;
    const becomes = layer.digest && known.get(layer.digest);
    if (becomes && await this.#passing.holds({ mediaType, ...becomes })) {
      const digest = await drain(this.#verify(layer, read));
      this.compressed.set(digest, becomes);
      return { digest, size: layer.size };
    }
    return await this.#compress(layer, { mediaType, ...becomes }, read);
  }

  async #compress(
    layer: PassingLayer,
    becomes: { mediaType: string; digest?: Digest; size?: number },
    read: ByteReader,
  ): Promise<FoundBlob> {
    const { onEvent, onCompressed } = this.#options;
    const key = layer.digest ?? layer.name;
    onEvent({ type: "compress:start", digest: key, sizeBytes: layer.size });
    let plain: Digest | undefined;
    const verify = this.#verify.bind(this);
    async function* verified(): AsyncGenerator<Uint8Array, void, void> {
      plain = yield* verify(layer, async (into) => {
        const deltaBytes = await read(into);
        onEvent({ type: "compress:bytes", digest: key, deltaBytes });
        return deltaBytes;
      });
    }
    try {
      await using chunks = new ChunkReader(compressStream(verified(), this.#options));
      const found = await this.#passing.pass({ name: key, ...becomes }, (into) => chunks.read(into));
      this.compressed.set(plain!, found);
      this.#plainBytes += layer.size;
      this.#compressedBytes += found.size;
      await onCompressed(plain!, found);
      const { digest, size: compressedBytes } = found;
      onEvent({ type: "compress:done", digest: key, sizeBytes: layer.size, found: digest, compressedBytes });
      return { digest: plain!, size: layer.size };
    } catch (error) {
      onEvent({ type: "compress:failed", digest: key });
      throw error;
    }
  }

  /** Gives the bytes of a layer, and in the end its digest, if that is the one it claims to have. */
  async *#verify(
    { digest: claimed }: PassingLayer,
    read: ByteReader,
  ): AsyncGenerator<Uint8Array, Digest, void> {
    const hash = await createSha256();
    const buffer = new Uint8Array(BUFFER_BYTES);
    for (let readBytes; (readBytes = await read(buffer)) > 0;) {
      const bytes = buffer.subarray(0, readBytes);
      hash.update(bytes);
      yield bytes;
    }
    const digest = sha256Digest(hash.hex());
    if (claimed !== undefined && claimed !== digest) throw otherBytes(claimed, digest);
    return digest;
  }
}

async function drain<T>(generator: AsyncGenerator<unknown, T, void>): Promise<T> {
  while (true) {
    const { done, value } = await generator.next();
    if (done) return value;
  }
}
