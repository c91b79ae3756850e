import assert from "node:assert/strict";
import { BufferPool } from "../../../lib/util/buffer_pool.ts";

Deno.test("BufferPool.next() hands out again what came back, and never what is out", () => {
  const pool = new BufferPool(8);
  const [first, second] = [pool.next(), pool.next()];
  assert.notEqual(first.buffer, second.buffer);
  pool.giveBack(first.subarray(2, 4));
  const third = pool.next();
  assert.equal(third.buffer, first.buffer);
  assert.equal(third.length, 8, "whole again");
  assert.notEqual(pool.next().buffer, second.buffer);
});

Deno.test("BufferPool.giveBack() takes nothing that it did not hand out", () => {
  const pool = new BufferPool(8);
  const foreign = new Uint8Array(8);
  pool.giveBack(foreign);
  assert.notEqual(pool.next().buffer, foreign.buffer);
});
