import assert from "node:assert/strict";
import fc from "fast-check";
import { PusherError } from "../../../lib/errors.ts";
import { retryDelayMs } from "../../../lib/util/retry.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const policies = fc.record({
  attempts: fc.integer({ min: 1, max: 50 }),
  firstDelayMs: fc.integer({ min: 1, max: 60_000 }),
  maxDelayMs: fc.integer({ min: 1, max: 600_000 }),
  maxServerDelayMs: fc.integer({ min: 0, max: 600_000 }),
});

Deno.test("retryDelayMs() stays within a quarter around the doubled delay, and never before a server's time", () => {
  fc.assert(fc.property(
    policies,
    fc.integer({ min: 1, max: 60 }),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.option(fc.integer({ min: 1, max: 1_000_000 }), { nil: undefined }),
    (policy, failures, random, askedMs = 0) => {
      const error = new PusherError("REGISTRY_UNAVAILABLE", "x", {
        detail: {
          registry: "r",
          request: "GET /v2/",
          status: 429,
          errorCodes: [],
          unknownDigests: [],
          retryAfterMs: askedMs,
        },
        retryable: true,
      });
      const delayMs = retryDelayMs(error, failures, {
        policy,
        random: () => random,
        clock: new FakeClock(),
        signal: new AbortController().signal,
      });
      if (failures >= policy.attempts || askedMs > policy.maxServerDelayMs) {
        return assert.equal(delayMs, undefined);
      }
      assert.ok(delayMs !== undefined && Number.isSafeInteger(delayMs));
      const ownMs = Math.min(policy.firstDelayMs * 2 ** (failures - 1), policy.maxDelayMs);
      const leastMs = Math.max(0.75 * ownMs, askedMs);
      assert.ok(delayMs >= leastMs - 1 && delayMs <= leastMs + ownMs / 2 + 1, `${delayMs} of ${ownMs}`);
    },
  ));
});
