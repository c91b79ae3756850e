import assert from "node:assert/strict";
import { RateLimiter } from "../../../lib/util/rate_limiter.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const KIB = 2 ** 10;
const { signal: forever } = new AbortController();

/** Takes pieces one after the other, as one upload does; tells when each may go, in ms since the start. */
async function takeInTurn(
  limiter: RateLimiter,
  { clock, pieces, pieceBytes, signal = forever }: {
    clock: FakeClock;
    pieces: number;
    pieceBytes: number;
    signal?: AbortSignal;
  },
): Promise<number[]> {
  const startMs = clock.now();
  const wentAtMs: number[] = [];
  for (let piece = 0; piece < pieces; piece++) {
    await limiter.take(pieceBytes, signal);
    wentAtMs.push(clock.now() - startMs);
  }
  return wentAtMs;
}

Deno.test("take() lets pieces go at an even pace", async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(10_000, clock);
  const going = takeInTurn(limiter, { clock, pieces: 5, pieceBytes: 1_000 });
  await clock.advance(1_000);
  assert.deepEqual(await going, [0, 100, 200, 300, 400]);
});

Deno.test("take() gives the next moment to whoever asks first, so that uploads share the rate", async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(3_000, clock);
  const going = ["a", "b", "c"].map(() => takeInTurn(limiter, { clock, pieces: 3, pieceBytes: 1_000 }));
  await clock.advance(10_000);
  const round = 1_000;
  for (const [index, wentAtMs] of (await Promise.all(going)).entries()) {
    const firstMs = index * round / 3;
    for (const [turn, atMs] of wentAtMs.entries()) {
      assert(Math.abs(atMs - (firstMs + turn * round)) < 1, `${index}: ${wentAtMs}`);
    }
  }
});

Deno.test("take() makes up for a late caller, but not for a long rest", async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(10_000, clock);
  await limiter.take(1_000, forever);
  await clock.advance(200);
  // It could have gone 100 ms ago, and the next one goes when it would have gone then.
  const late = takeInTurn(limiter, { clock, pieces: 3, pieceBytes: 1_000 });
  await clock.advance(1_000);
  assert.deepEqual(await late, [0, 0, 100]);
  await clock.advance(60_000);
  const rested = takeInTurn(limiter, { clock, pieces: 5, pieceBytes: 1_000 });
  await clock.advance(1_000);
  assert.deepEqual(await rested, [0, 0, 0, 50, 150]);
});

Deno.test("take() gives up at once when aborted, and what it had reserved is free again", async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(10_000, clock);
  const controller = new AbortController();
  const reason = new Error("stopped");
  await limiter.take(1_000, forever);
  const waiting = limiter.take(1_000_000, controller.signal);
  controller.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  await assert.rejects(limiter.take(1, controller.signal), (error) => error === reason);
  assert.equal(clock.pending, 0);
  const next = takeInTurn(limiter, { clock, pieces: 1, pieceBytes: 1_000 });
  await clock.advance(1_000);
  assert.deepEqual(await next, [100]);
});

Deno.test("pieceBytes suits the rate", () => {
  const clock = new FakeClock();
  assert.equal(new RateLimiter(100 * 2 ** 20, clock).pieceBytes, 256 * KIB);
  assert.equal(new RateLimiter(200 * KIB, clock).pieceBytes, 20 * KIB);
  assert.equal(new RateLimiter(1, clock).pieceBytes, 4 * KIB);
});
