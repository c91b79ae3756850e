import assert from "node:assert/strict";
import { BLOCK_BYTES, CompressorPool } from "../../../lib/util/compressor_pool.ts";

Deno.test("CompressorPool.compress() gives its block back in the same buffer", async () => {
  using pool = new CompressorPool(1);
  const block = pool.takeBlock();
  assert.equal(block.length, BLOCK_BYTES);
  const compressed = await pool.compress(block.subarray(0, 100_000), { format: "zstd", level: 1 });
  assert.ok(compressed.length < 100);
  assert.equal(block.length, 0, "it was handed over");
  pool.giveBack(compressed);
  assert.equal(pool.takeBlock().buffer, compressed.buffer);
});

Deno.test("CompressorPool.compress() fails when a block cannot be compressed, and goes on with the next", async () => {
  using pool = new CompressorPool(1);
  const block = pool.takeBlock().subarray(0, 10);
  await assert.rejects(pool.compress(block, { format: "gzip", level: 99 }), /out of range/);
  const next = pool.takeBlock().subarray(0, 10);
  assert.ok((await pool.compress(next, { format: "gzip", level: 9 })).length > 0);
});

for (const [format, levels] of [["gzip", [1, 2, 3, 6, 9]], ["zstd", [1, 3, 9, 19]]] as const) {
  Deno.test(`CompressorPool.compress() has room for what ${format} makes larger, at every level`, async () => {
    using pool = new CompressorPool(2);
    for (const level of levels) {
      const block = pool.takeBlock();
      // Most of it cannot be compressed, and the rest hides that.
      for (let at = 0; at < BLOCK_BYTES; at += 65_536) {
        crypto.getRandomValues(block.subarray(at, at + 65_536));
      }
      for (let at = 0; at < BLOCK_BYTES; at += 1_000) block.fill(0, at, at + 8);
      const compressed = await pool.compress(block, { format, level });
      assert.ok(compressed.length < BLOCK_BYTES * 1.15, `level ${level}: ${compressed.length}`);
    }
  });
}

Deno.test("CompressorPool starts nothing any more when it was disposed", async () => {
  const pool = new CompressorPool(1);
  const block = pool.takeBlock();
  pool[Symbol.dispose]();
  await assert.rejects(pool.compress(block, { format: "gzip", level: 1 }), /disposed/);
});

Deno.test("CompressorPool ends what is under way when it is disposed", async () => {
  const pool = new CompressorPool(1);
  const work = pool.compress(pool.takeBlock().subarray(0, 10), { format: "gzip", level: 1 });
  pool[Symbol.dispose]();
  await assert.rejects(work, /disposed/);
});
