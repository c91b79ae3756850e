import { type Digest, sha256Digest } from "../spec/digest.ts";
import { createSha256 } from "../util/sha256.ts";
import type { Compression } from "./compression.ts";

/**
 * Hashes a compressed layer and what it decompresses to, in one pass and in bounded memory. `node:zlib` is loaded only
 * here, and used because the web's `DecompressionStream` has no zstd and stops after the first gzip member.
 *
 * @param layer The compressed bytes.
 * @param compression Gzip or zstd.
 * @returns The digest of the bytes as they are, and of the uncompressed ones.
 * @throws {Error} Of `node:zlib`, if it cannot be decompressed.
 */
export async function digestCompressedLayer(
  layer: ReadableStream<Uint8Array>,
  compression: Compression,
): Promise<{ digest: Digest; diffId: Digest }> {
  const { createGunzip, createZstdDecompress } = await import("node:zlib");
  const compressed = await createSha256();
  const uncompressed = await createSha256();
  const inflate = compression === "zstd" ? createZstdDecompress() : createGunzip();
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  ended.catch(() => {});
  inflate.on("data", (bytes: Uint8Array) => uncompressed.update(bytes));
  inflate.on("end", resolve);
  inflate.on("error", reject);
  try {
    for await (const chunk of layer) {
      compressed.update(chunk);
      // Waits until the chunk is used up: its buffer is about to be overwritten.
      const { promise: written, resolve: next } = Promise.withResolvers<void>();
      inflate.write(chunk, () => next());
      await Promise.race([written, ended]);
    }
    inflate.end();
    await ended;
  } finally {
    inflate.destroy();
  }
  return { digest: sha256Digest(compressed.hex()), diffId: sha256Digest(uncompressed.hex()) };
}
