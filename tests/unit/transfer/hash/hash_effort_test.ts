import assert from "node:assert/strict";
import { HashStage, LARGE_BYTES } from "./hash_stage.ts";

Deno.test("elsewhere() offers nothing while the link is the limit", async () => {
  using stage = new HashStage();
  await stage.hash(20);
  assert.equal(stage.effort.elsewhere("sha256", LARGE_BYTES), undefined);
  assert.equal(stage.threads.length, 0);
});

Deno.test("elsewhere() starts a thread once hashing takes half of the time, and offers it when it is ready", async () => {
  using stage = new HashStage();
  assert.equal(stage.effort.elsewhere("sha256", LARGE_BYTES), undefined);
  await stage.hash(0);
  assert.equal(stage.effort.elsewhere("sha256", LARGE_BYTES), undefined);
  assert.equal(stage.effort.elsewhere("sha256", LARGE_BYTES), undefined);
  assert.equal(stage.threads.length, 1);
  await stage.threads[0]!.ready;
  using hash = stage.effort.elsewhere("sha256", LARGE_BYTES);
  assert.ok(hash);
});

Deno.test("elsewhere() does not judge by a time in which nothing was sent", async () => {
  using stage = new HashStage();
  stage.clock.pass(60_000);
  const hash = await stage.effort.here("sha256");
  await hash.update(new Uint8Array(1));
  stage.clock.pass(60_000);
  await stage.hash(0);
  stage.effort.elsewhere("sha256", LARGE_BYTES);
  assert.equal(stage.threads.length, 1);
});

Deno.test("elsewhere() offers nothing for little", async () => {
  using stage = new HashStage();
  await stage.hash(0);
  await stage.startThread();
  assert.equal(stage.effort.elsewhere("sha256", 2 ** 20), undefined);
});

Deno.test("elsewhere() starts one thread after the other while this one has more to do than they", async () => {
  using stage = new HashStage(2);
  await stage.hash(0);
  await stage.startThread();
  assert.ok(stage.effort.elsewhere("sha256", LARGE_BYTES));
  assert.equal(stage.effort.elsewhere("sha256", LARGE_BYTES), undefined);
  await stage.startThread();
  assert.ok(stage.effort.elsewhere("sha256", LARGE_BYTES));
  assert.deepEqual(stage.threads.map(({ load }) => load), [1, 1]);
});

Deno.test("elsewhere() keeps as much in this thread as in others", async () => {
  using stage = new HashStage();
  await stage.hash(0);
  await stage.startThread();
  const moved = stage.effort.elsewhere("sha256", LARGE_BYTES);
  assert.ok(moved, "1 here, 0 there");
  assert.equal(stage.effort.elsewhere("sha256", LARGE_BYTES), undefined, "1 here, 1 there");
  const second = await stage.effort.here("sha256");
  assert.ok(stage.effort.elsewhere("sha256", LARGE_BYTES), "2 here, 1 there");
  second[Symbol.dispose]();
  second[Symbol.dispose]();
  assert.equal(stage.effort.elsewhere("sha256", LARGE_BYTES), undefined, "1 here, 2 there");
  moved[Symbol.dispose]();
  assert.deepEqual(stage.threads.map(({ load }) => load), [1]);
});

Deno.test("elsewhere() offers nothing where threads are not allowed, or cannot be had", async () => {
  using none = new HashStage(0);
  await none.hash(0);
  assert.equal(none.effort.elsewhere("sha256", LARGE_BYTES), undefined);
  assert.equal(none.threads.length, 0);
  using broken = new HashStage();
  await broken.hash(0);
  broken.effort.elsewhere("sha256", LARGE_BYTES);
  broken.threads[0]![Symbol.dispose]();
  await assert.rejects(broken.threads[0]!.ready);
  assert.equal(broken.effort.elsewhere("sha256", LARGE_BYTES), undefined);
});
