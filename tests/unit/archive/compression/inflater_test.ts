import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { startInflater } from "../../../../lib/archive/compression/inflater.ts";
import { createSha256, sha256Hex } from "../../../../lib/util/sha256.ts";
import { seededBytes } from "../../../support/seeded_random.ts";

const CONTENT = seededBytes(300_000);

Deno.test("Inflater frees what came out at once, whether it is waited for or not", async () => {
  for (
    const [compression, compressed] of [["gzip", gzipSync(CONTENT)], [
      "zstd",
      zstdCompressSync(CONTENT),
    ]] as const
  ) {
    for (const wait of [undefined, Promise.resolve()]) {
      const hash = await createSha256();
      const pieces: Uint8Array[] = [];
      using inflater = await startInflater(compression, (bytes) => {
        hash.update(bytes);
        pieces.push(bytes);
        return wait;
      });
      await inflater.write(compressed);
      await inflater.end();
      assert.equal(hash.hex(), await sha256Hex(CONTENT));
      assert.ok(
        pieces.filter(({ length }) => length > 0).length <= 1,
        `${compression}: the last one is not full`,
      );
      assert.ok(pieces.length > 3);
    }
  }
});
