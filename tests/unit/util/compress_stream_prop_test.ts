import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { BLOCK_BYTES, CompressorPool } from "../../../lib/util/compressor_pool.ts";
import { compressAll, patternBytes, streamOf } from "../../support/compressing.ts";

const sizes = fc.oneof(
  fc.integer({ min: 0, max: 3 * BLOCK_BYTES }),
  fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -2, max: 2 }))
    .map(([blocks, more]) => Math.max(blocks * BLOCK_BYTES + more, 0)),
);
const chunks = fc.integer({ min: 10_000, max: 2 * BLOCK_BYTES });

Deno.test("compressStream() gives back every byte when decompressed, whatever sizes are", async () => {
  using pool = new CompressorPool(2);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("gzip" as const, "zstd" as const),
      fc.integer({ min: 1, max: 4 }),
      sizes,
      chunks,
      async (format, level, sizeBytes, chunkBytes) => {
        const plain = patternBytes(sizeBytes, level);
        const compressed = await compressAll(streamOf(plain, chunkBytes), {
          method: { format, level },
          pool,
        });
        const back = format === "gzip" ? gunzipSync(compressed) : zstdDecompressSync(compressed);
        assert.ok(Buffer.from(plain).equals(back));
      },
    ),
    { numRuns: 25 },
  );
});
