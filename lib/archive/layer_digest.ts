import { type Digest, sha256Digest } from "../spec/digest.ts";
import { createSha256 } from "../util/sha256.ts";
import type { NativeCompression } from "./compression.ts";
import { startInflater } from "./inflater.ts";

/** A compressed layer while it is read, and what it decompresses to. */
export interface DiffIdFinder extends Disposable {
  /** Takes the next compressed bytes; they may be overwritten when this has ended. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends it: the digest of the uncompressed bytes. */
  end(): Promise<Digest>;
}

/**
 * Hashes what a layer decompresses to, in bounded memory.
 *
 * @param compression Gzip or zstd.
 * @returns What takes the layer; its functions throw an `Error` of `node:zlib` if it cannot be decompressed.
 */
export async function startDiffId(compression: NativeCompression): Promise<DiffIdFinder> {
  const hash = await createSha256();
  const inflater = await startInflater(compression, (bytes) => hash.update(bytes));
  return {
    write: (bytes) => inflater.write(bytes),
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
 * @throws {Error} Of `node:zlib`, if it cannot be decompressed.
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
