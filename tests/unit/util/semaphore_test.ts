import assert from "node:assert/strict";
import { Semaphore } from "../../../lib/util/semaphore.ts";

/** Takes note of the order in which permits are handed out. */
function queue(semaphore: Semaphore, names: string, entered: string[]): Promise<Disposable>[] {
  return [...names].map(async (name) => {
    const permit = await semaphore.acquire();
    entered.push(name);
    return permit;
  });
}

/** Lets pending promises run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

Deno.test("Semaphore refuses a number of permits that nobody could hold", () => {
  for (const permits of [0, -1, 1.5, NaN, Infinity]) {
    assert.throws(() => new Semaphore(permits), RangeError, String(permits));
  }
});

Deno.test("acquire() lets no more in than there are permits, in the order of asking", async () => {
  const semaphore = new Semaphore(2);
  const entered: string[] = [];
  const permits = queue(semaphore, "abcd", entered);
  await settle();
  assert.equal(entered.join(""), "ab");
  (await permits[1]!)[Symbol.dispose]();
  await settle();
  assert.equal(entered.join(""), "abc");
  (await permits[0]!)[Symbol.dispose]();
  await settle();
  assert.equal(entered.join(""), "abcd");
});

Deno.test("disposing a permit twice gives back one permit", async () => {
  const semaphore = new Semaphore(1);
  const first = await semaphore.acquire();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  const entered: string[] = [];
  queue(semaphore, "ab", entered);
  await settle();
  assert.equal(entered.join(""), "a");
});

Deno.test("acquire() given up while waiting keeps the order of the others and loses no permit", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  const reason = new Error("stop");
  const controller = new AbortController();
  const entered: string[] = [];
  const [a] = queue(semaphore, "a", entered);
  const givenUp = semaphore.acquire(controller.signal);
  const [b] = queue(semaphore, "b", entered);
  controller.abort(reason);
  await assert.rejects(givenUp, reason);
  held[Symbol.dispose]();
  (await a!)[Symbol.dispose]();
  (await b!)[Symbol.dispose]();
  assert.equal(entered.join(""), "ab");
  using _free = await semaphore.acquire();
});

Deno.test("acquire() aborted in the moment the permit is handed over loses no permit", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire();
  const controller = new AbortController();
  const waiting = semaphore.acquire(controller.signal);
  held[Symbol.dispose]();
  const reason = new Error("just now");
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  const entered: string[] = [];
  queue(semaphore, "a", entered);
  await settle();
  assert.equal(entered.join(""), "a");
});

Deno.test("acquire() with an aborted signal takes no permit", async () => {
  const semaphore = new Semaphore(1);
  const reason = new Error("stop");
  await assert.rejects(semaphore.acquire(AbortSignal.abort(reason)), reason);
  using _free = await semaphore.acquire();
});
