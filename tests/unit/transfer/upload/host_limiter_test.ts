import assert from "node:assert/strict";
import { HostLimiter } from "../../../../lib/transfer/upload/host_limiter.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const SIGNAL = new AbortController().signal;

/** Takes note of the order in which permits are handed out. */
function queue(limiter: HostLimiter, names: string, entered: string[]): Promise<Disposable>[] {
  return [...names].map(async (name) => {
    const permit = await limiter.acquire(SIGNAL);
    entered.push(name);
    return permit;
  });
}

/** Lets pending promises run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

Deno.test("acquire() lets no more in than allowed, in the order of asking", async () => {
  const limiter = new HostLimiter(2, new FakeClock());
  const entered: string[] = [];
  const permits = queue(limiter, "abcd", entered);
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
  const limiter = new HostLimiter(1, new FakeClock());
  const first = await limiter.acquire(SIGNAL);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  const entered: string[] = [];
  queue(limiter, "ab", entered);
  await settle();
  assert.equal(entered.join(""), "a");
});

Deno.test("acquire() given up while waiting keeps the order of the others and loses no permit", async () => {
  const limiter = new HostLimiter(1, new FakeClock());
  const held = await limiter.acquire(SIGNAL);
  const reason = new Error("stop");
  const controller = new AbortController();
  const entered: string[] = [];
  const [a] = queue(limiter, "a", entered);
  const givenUp = limiter.acquire(controller.signal);
  const [b] = queue(limiter, "b", entered);
  controller.abort(reason);
  await assert.rejects(givenUp, reason);
  held[Symbol.dispose]();
  (await a!)[Symbol.dispose]();
  (await b!)[Symbol.dispose]();
  assert.equal(entered.join(""), "ab");
  using _free = await limiter.acquire(SIGNAL);
});

Deno.test("acquire() aborted in the moment the permit is handed over passes it on", async () => {
  const limiter = new HostLimiter(1, new FakeClock());
  const held = await limiter.acquire(SIGNAL);
  const controller = new AbortController();
  const waiting = limiter.acquire(controller.signal);
  held[Symbol.dispose]();
  const reason = new Error("just now");
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  const entered: string[] = [];
  queue(limiter, "a", entered);
  await settle();
  assert.equal(entered.join(""), "a");
});

Deno.test("acquire() with an aborted signal takes no permit", async () => {
  const limiter = new HostLimiter(1, new FakeClock());
  const reason = new Error("stop");
  await assert.rejects(limiter.acquire(AbortSignal.abort(reason)), reason);
  using _only = await limiter.acquire(SIGNAL);
  await assert.rejects(limiter.acquire(AbortSignal.abort(reason)), reason, "nor waits for one");
});

Deno.test("trouble() lets fewer go, but always one; success() lets more go again, up to the most", () => {
  const limiter = new HostLimiter(5, new FakeClock());
  const allowed: number[] = [];
  for (let time = 0; time < 4; time++) {
    limiter.trouble(0);
    allowed.push(limiter.allowed);
  }
  assert.deepEqual(allowed, [2, 1, 1, 1]);
  allowed.length = 0;
  for (let time = 0; time < 30; time++) {
    limiter.success();
    allowed.push(limiter.allowed);
  }
  assert.deepEqual(allowed.filter((_, index) => index % 5 === 4), [2, 3, 4, 5, 5, 5]);
});

Deno.test("trouble() starts the count of calm successes over", () => {
  const limiter = new HostLimiter(4, new FakeClock());
  limiter.trouble(0);
  for (let time = 0; time < 4; time++) limiter.success();
  limiter.trouble(0);
  limiter.success();
  assert.equal(limiter.allowed, 1);
});

Deno.test("permits given out before trouble count afterwards", async () => {
  const limiter = new HostLimiter(3, new FakeClock());
  const entered: string[] = [];
  const permits = queue(limiter, "abcd", entered);
  await settle();
  limiter.trouble(0);
  // One is allowed now: the fourth waits until all three are through.
  for (const expected of ["abc", "abc", "abcd"]) {
    (await permits.shift()!)[Symbol.dispose]();
    await settle();
    assert.equal(entered.join(""), expected);
  }
});

Deno.test("quiet() holds back who is on the way while fewer may be, and lets them go on before new ones", async () => {
  const limiter = new HostLimiter(3, new FakeClock());
  const entered: string[] = [];
  const permits = await Promise.all(queue(limiter, "abc", entered));
  queue(limiter, "d", entered);
  limiter.trouble(0);
  const onTheWay = [...permits].map(async (_, index) => {
    await limiter.quiet(SIGNAL);
    entered.push(`${index}`);
  });
  await settle();
  assert.equal(entered.join(""), "abc2", "one may go on");
  permits[2]![Symbol.dispose]();
  await settle();
  permits[0]![Symbol.dispose]();
  await settle();
  permits[1]![Symbol.dispose]();
  await settle();
  assert.equal(entered.length, 7);
  assert.equal(entered.at(-1), "d", "whoever had begun is first");
  await Promise.all(onTheWay);
});

Deno.test("quiet() given up while held back leaves the permit to its holder", async () => {
  const limiter = new HostLimiter(2, new FakeClock());
  const permits = [await limiter.acquire(SIGNAL), await limiter.acquire(SIGNAL)];
  limiter.trouble(0);
  const controller = new AbortController();
  const reason = new Error("stop");
  const held = limiter.quiet(controller.signal);
  controller.abort(reason);
  await assert.rejects(held, reason);
  for (const permit of permits) permit[Symbol.dispose]();
  using _first = await limiter.acquire(SIGNAL);
  const entered: string[] = [];
  queue(limiter, "a", entered);
  await settle();
  assert.equal(entered.join(""), "", "one at a time is allowed, no more");
});

Deno.test("success() lets in one who waits", async () => {
  const limiter = new HostLimiter(2, new FakeClock());
  limiter.trouble(0);
  const entered: string[] = [];
  queue(limiter, "ab", entered);
  for (let time = 0; time < 5; time++) limiter.success();
  await settle();
  assert.equal(entered.join(""), "ab");
});

Deno.test("quiet() waits for the longest patience that was asked for, also while it waits", async () => {
  const clock = new FakeClock();
  const limiter = new HostLimiter(2, clock);
  await limiter.quiet(SIGNAL);
  limiter.trouble(1_000);
  limiter.trouble(500);
  let isOver = false;
  const waiting = limiter.quiet(SIGNAL).then(() => isOver = true);
  await clock.advance(999);
  limiter.trouble(2_000);
  await clock.advance(1_999);
  assert.equal(isOver, false);
  await clock.advance(1);
  await waiting;
});

Deno.test("quiet() ends with the signal's reason", async () => {
  const limiter = new HostLimiter(2, new FakeClock());
  limiter.trouble(1_000);
  const controller = new AbortController();
  const reason = new Error("stop");
  const waiting = limiter.quiet(controller.signal);
  controller.abort(reason);
  await assert.rejects(waiting, reason);
});
