import assert from "node:assert/strict";
import { mapConcurrently } from "../../../lib/util/map_concurrently.ts";

const SIGNAL = new AbortController().signal;

Deno.test("mapConcurrently() works on as many as it may, and gives the results in order", async () => {
  let active = 0;
  let most = 0;
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++active);
    await Promise.resolve();
    active--;
    return item * 2;
  };
  const results = await mapConcurrently([1, 2, 3, 4, 5], work, { concurrency: 2, signal: SIGNAL });
  assert.deepEqual(results, [2, 4, 6, 8, 10]);
  assert.equal(most, 2);
  assert.deepEqual(await mapConcurrently([], work, { concurrency: 2, signal: SIGNAL }), []);
});

Deno.test("mapConcurrently() stops the rest when one fails, and waits for what is under way", async () => {
  const ended: number[] = [];
  const work = async (item: number, signal: AbortSignal): Promise<void> => {
    if (item === 1) throw new Error("first");
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve());
    await promise;
    ended.push(item);
    throw new Error("second");
  };
  await assert.rejects(mapConcurrently([0, 1, 2], work, { concurrency: 2, signal: SIGNAL }), /first/);
  assert.deepEqual(ended, [0]);
});

Deno.test("mapConcurrently() ends with the reason of the signal", async () => {
  const stop = new AbortController();
  const work = (): Promise<void> => Promise.resolve(stop.abort(new Error("stopped")));
  await assert.rejects(mapConcurrently([1, 2], work, { concurrency: 1, signal: stop.signal }), /stopped/);
});
