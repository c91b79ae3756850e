import { type Digest, sha256Digest } from "../spec/digest.ts";
import { createSha256 } from "../util/sha256.ts";
import type { NativeCompression } from "./compression/compression.ts";
import { startInflater } from "./compression/inflater.ts";

/** How many times its own size a layer may have uncompressed in any case: gzip never has more. */
const MAX_INFLATION = 1100;

/** A compressed layer while it is read, and what it decompresses to. */
export interface DiffIdFinder extends Disposable {
  /** Takes the next compressed bytes; they may be overwritten when this has ended. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends it: the digest of the uncompressed bytes. */
  end(): Promise<Digest>;
}

/** Limits of {@linkcode startDiffId}. */
export interface DiffIdOptions {
  /**
   * Bytes that a layer may have uncompressed whatever its size: a few kilobytes of zstd can be terabytes.
   *
   * @default {64 GiB}
   */
  maxInflatedBytes?: number;
}

/**
 * Hashes what a layer decompresses to, in bounded memory.
 *
 * @param compression Gzip or zstd.
 * @param options Limits.
 * @returns What takes the layer; its functions throw an `Error`, most of them of `node:zlib`, if it cannot be decompressed.
 */
export async function startDiffId(
  compression: NativeCompression,
  { maxInflatedBytes = 64 * 2 ** 30 }: DiffIdOptions = {},
): Promise<DiffIdFinder> {
  const hash = await createSha256();
  let limitBytes = maxInflatedBytes;
  let inflatedBytes = 0;
  const inflater = await startInflater(compression, (bytes) => {
    inflatedBytes += bytes.length;
    hash.update(bytes);
  });
  return {
    async write(bytes) {
      await inflater.write(bytes);
      limitBytes += bytes.length * MAX_INFLATION;
      if (inflatedBytes > limitBytes) throw new Error(`it decompresses to more than ${limitBytes} bytes`);
    },
    async end() {
      await inflater.end();
      return sha256Digest(hash.hex());
    },
    [Symbol.dispose]: () => inflater[Symbol.dispose](),
  };
}

/**
 * Hashes a compressed layer and what it decompresses to, in one pass and in bounded memory.
 *
 * @param layer The compressed bytes.
 * @param compression Gzip or zstd.
 * @returns The digest of the bytes as they are, and of the uncompressed ones.
 * @throws {Error} If it cannot be decompressed, or to far too much.
 */
export async function digestCompressedLayer(
  layer: ReadableStream<Uint8Array>,
  compression: NativeCompression,
): Promise<{ digest: Digest; diffId: Digest }> {
  const compressed = await createSha256();
  using uncompressed = await startDiffId(compression);
  for await (const chunk of layer) {
    compressed.update(chunk);
    await uncompressed.write(chunk);
  }
  const diffId = await uncompressed.end();
  return { digest: sha256Digest(compressed.hex()), diffId };
}
