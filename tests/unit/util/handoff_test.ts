import assert from "node:assert/strict";
import { Handoff } from "../../../lib/util/handoff.ts";

const BYTES = Uint8Array.from({ length: 10 }, (_, at) => at);

Deno.test("Handoff.give() waits until all is taken", async () => {
  const handoff = new Handoff();
  let isGiven = false;
  const giving = handoff.give(BYTES).then(() => isGiven = true);
  const into = new Uint8Array(6);
  assert.equal(await handoff.take(into), 6);
  assert.equal(isGiven, false);
  assert.deepEqual([...into], [0, 1, 2, 3, 4, 5]);
  assert.equal(await handoff.take(into), 4);
  await giving;
});

Deno.test("Handoff.take() waits for what is given, and then for the end", async () => {
  const handoff = new Handoff();
  const taking = handoff.take(new Uint8Array(20));
  await handoff.give(new Uint8Array());
  await handoff.give(BYTES);
  assert.equal(await taking, 10);
  const ending = handoff.take(new Uint8Array(20));
  handoff.end();
  assert.equal(await ending, 0);
});

Deno.test("Handoff.end() with an error ends both sides, whoever waits", async () => {
  const reason = new Error("broken");
  const waiting = new Handoff();
  const taking = waiting.take(new Uint8Array(1));
  waiting.end(reason);
  await assert.rejects(taking, reason);
  await assert.rejects(waiting.give(BYTES), reason);
  const full = new Handoff();
  const giving = full.give(BYTES);
  full.end(reason);
  await assert.rejects(giving, reason);
  await assert.rejects(full.take(new Uint8Array(1)), reason);
});
