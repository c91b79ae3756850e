import type { Gunzip, ZstdDecompress } from "node:zlib";
import { type Digest, sha256Digest } from "../spec/digest.ts";
import { createSha256 } from "../util/sha256.ts";
import type { Compression } from "./compression.ts";

/** A decompressor, and when all it gives has come out. */
interface Inflater {
  stream: Gunzip | ZstdDecompress;
  ended: Promise<void>;
}

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

  function start(): Inflater {
    const stream = compression === "zstd" ? createZstdDecompress() : createGunzip();
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
    ended.catch(() => {});
    stream.on("data", (bytes: Uint8Array) => uncompressed.update(bytes));
    stream.on("end", resolve);
    stream.on("error", reject);
    return { stream, ended };
  }

  let inflater = start();
  try {
    for await (const chunk of layer) {
      compressed.update(chunk);
      for (let rest = chunk; rest.length > 0;) {
        const usedBytes = await feed(inflater, rest);
        rest = rest.subarray(usedBytes);
        if (rest.length === 0) break;
        // A zstd frame ended and another follows; a decompressor takes only one (gzip members it takes all).
        await inflater.ended;
        inflater = start();
      }
    }
    inflater.stream.end();
    await inflater.ended;
  } finally {
    inflater.stream.destroy();
  }
  return { digest: sha256Digest(compressed.hex()), diffId: sha256Digest(uncompressed.hex()) };
}

/** Waits until bytes are used, since their buffer is about to be overwritten; gives how many were. */
async function feed({ stream, ended }: Inflater, bytes: Uint8Array): Promise<number> {
  const before = stream.bytesWritten;
  const { promise: written, resolve } = Promise.withResolvers<void>();
  stream.write(bytes, () => resolve());
  await Promise.race([written, ended.then(() => written)]);
  return stream.bytesWritten - before;
}
