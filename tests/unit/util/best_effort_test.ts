import assert from "node:assert/strict";
import { BestEffort } from "../../../lib/util/best_effort.ts";

Deno.test("BestEffort tells the first of several failures at a time, and tries nothing after it", async () => {
  const told: unknown[] = [];
  const effort = new BestEffort((error) => told.push(error));
  const attempts = ["first", "second"].map((reason) => effort.attempt(() => Promise.reject(reason)));
  assert.deepEqual(await Promise.all(attempts), [undefined, undefined]);
  assert.equal(await effort.attempt(assert.fail), undefined);
  assert.deepEqual(told, ["first"]);
});

Deno.test("BestEffort is ended by a failure outside of it, once", async () => {
  const told: unknown[] = [];
  const effort = new BestEffort((error) => told.push(error));
  assert.equal(await effort.attempt(() => Promise.resolve(1)), 1);
  effort.end("outside");
  effort.end("again");
  assert.equal(await effort.attempt(assert.fail), undefined);
  assert.deepEqual(told, ["outside"]);
});
