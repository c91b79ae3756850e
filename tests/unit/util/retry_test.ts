import assert from "node:assert/strict";
import { PusherError } from "../../../lib/errors.ts";
import { afterAttempts, retry, type RetryContext, retryDelayMs } from "../../../lib/util/retry.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const POLICY = { attempts: 4, firstDelayMs: 1_000, maxDelayMs: 3_000, maxServerDelayMs: 60_000 };

function context(overrides: Partial<RetryContext> = {}): RetryContext {
  return {
    policy: POLICY,
    clock: new FakeClock({ autoAdvance: true }),
    random: () => 0.5,
    signal: new AbortController().signal,
    ...overrides,
  };
}

function unavailable(retryAfterMs?: number): PusherError {
  return new PusherError("REGISTRY_UNAVAILABLE", "Cannot push", {
    detail: {
      registry: "r.example",
      request: "GET /v2/",
      status: 503,
      errorCodes: [],
      unknownDigests: [],
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
    retryable: true,
  });
}

const FINAL = new PusherError("INTERNAL", "Cannot push", { detail: {} });

Deno.test("retryDelayMs() doubles up to the longest wait and ends with the last attempt", () => {
  const delays = [1, 2, 3, 4, 5].map((failures) => retryDelayMs(unavailable(), failures, context()));
  assert.deepEqual(delays, [1_000, 2_000, 3_000, undefined, undefined]);
});

Deno.test("retryDelayMs() never waits for what is not retryable", () => {
  for (const error of [FINAL, new TypeError("x"), "text", undefined, { retryable: true }]) {
    assert.equal(retryDelayMs(error, 1, context()), undefined, String(error));
  }
});

Deno.test("retryDelayMs() waits as long as a server asks, but not forever", () => {
  const cases: [number, number | undefined][] = [
    [1, 1_000],
    [10_000, 10_250],
    [60_000, 60_250],
    [60_001, undefined],
    [Number.MAX_VALUE, undefined],
  ];
  for (const [askedMs, delayMs] of cases) {
    assert.equal(retryDelayMs(unavailable(askedMs), 1, context()), delayMs, String(askedMs));
  }
});

Deno.test("retryDelayMs() spreads workers that a server sends away together, none of them too early", () => {
  const delays = [0, 0.3, 0.999].map((random) =>
    retryDelayMs(unavailable(10_000), 1, context({ random: () => random }))!
  );
  assert.equal(new Set(delays).size, 3, String(delays));
  for (const delayMs of delays) assert.ok(delayMs >= 10_000 && delayMs < 11_000, String(delayMs));
});

Deno.test("retry() waits between attempts, tells of each, and gives the first success", async () => {
  const clock = new FakeClock({ autoAdvance: true });
  const told: [unknown, number][] = [];
  let calls = 0;
  const work = (): Promise<string> => {
    calls++;
    return calls < 3 ? Promise.reject(unavailable()) : Promise.resolve("done");
  };
  const result = await retry(work, context({ clock }), (error, delayMs) => told.push([error, delayMs]));
  assert.equal(result, "done");
  assert.equal(calls, 3);
  assert.deepEqual(clock.sleptMs, [1_000, 2_000]);
  assert.deepEqual(told.map(([, delayMs]) => delayMs), [1_000, 2_000]);
});

Deno.test("retry() throws the last error, with the number of attempts, once none is left", async () => {
  const clock = new FakeClock({ autoAdvance: true });
  const errors = [1, 2, 3, 4].map(() => unavailable());
  let calls = 0;
  const thrown = await retry(() => Promise.reject(errors[calls++]), context({ clock })).catch((error) =>
    error
  );
  assert.equal(calls, 4);
  assert.equal(thrown.message, "Cannot push, after 4 attempts");
  assert.deepEqual([thrown.code, thrown.detail, thrown.retryable], [
    "REGISTRY_UNAVAILABLE",
    errors[3]!.detail,
    true,
  ]);
  assert.equal(thrown.cause, errors[3]);
  assert.equal(clock.sleptMs.length, 3);
});

Deno.test("afterAttempts() leaves alone what was not tried again, or is final", () => {
  const [once, other] = [unavailable(), new TypeError("x")];
  assert.equal(afterAttempts(once, 1), once);
  assert.equal(afterAttempts(FINAL, 3), FINAL);
  assert.equal(afterAttempts(other, 3), other);
});

Deno.test("retry() does not repeat what is final", async () => {
  let calls = 0;
  const work = (): Promise<never> => {
    calls++;
    return Promise.reject(FINAL);
  };
  await assert.rejects(retry(work, context()), FINAL);
  assert.equal(calls, 1);
});

Deno.test("retry() ends with the signal's reason, during work as during a wait", async () => {
  const reason = new Error("stopped by the user");
  for (const error of [unavailable(), FINAL, new TypeError("a consequence")]) {
    const during = new AbortController();
    const work = (): Promise<never> => {
      during.abort(reason);
      return Promise.reject(error);
    };
    await assert.rejects(retry(work, context({ signal: during.signal })), (thrown) => thrown === reason);
  }

  const clock = new FakeClock();
  const waiting = new AbortController();
  let calls = 0;
  const running = retry(() => {
    calls++;
    return Promise.reject(unavailable());
  }, context({ clock, signal: waiting.signal }));
  await clock.advance(500);
  assert.equal(clock.pending, 1);
  waiting.abort(reason);
  await assert.rejects(running, reason);
  assert.equal(calls, 1);
  assert.equal(clock.pending, 0, "the wait is given up");
});
