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

Deno.test("CompressorPool ends what is under way when it is disposed", async () => {
  const pool = new CompressorPool(1);
  const work = pool.compress(pool.takeBlock().subarray(0, 10), { format: "gzip", level: 1 });
  pool[Symbol.dispose]();
  await assert.rejects(work, /disposed/);
});
