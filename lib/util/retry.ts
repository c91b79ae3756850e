import { isPusherError, PusherError } from "../errors.ts";
import type { Clock } from "./clock.ts";

/** How often and how patiently to try again. */
export interface RetryPolicy {
  /** Attempts in all, at least 1. */
  attempts: number;
  /** Wait before the second attempt; doubles with each further one. */
  firstDelayMs: number;
  /** Longest wait of our own choosing, before it is spread by ±25 %. */
  maxDelayMs: number;
  /** Longest wait a server may ask for; above it the error is final. */
  maxServerDelayMs: number;
}

/** Five attempts over about fifteen seconds; a server may ask for up to five minutes. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  attempts: 5,
  firstDelayMs: 1_000,
  maxDelayMs: 30_000,
  maxServerDelayMs: 300_000,
};

/** What decides about the next attempt, injected so that tests control it. */
export interface RetryContext {
  /** Attempts and waits. */
  policy: RetryPolicy;
  /** Time. */
  clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  random: () => number;
  /** Ends a wait early. */
  signal: AbortSignal;
}

/**
 * How long to wait after a failure.
 *
 * @param error What was thrown.
 * @param failures How many attempts in a row have failed, from 1.
 * @param context Policy and randomness.
 * @returns Milliseconds, or `undefined` if the error is final: not retryable, or no attempt is left.
 */
export function retryDelayMs(error: unknown, failures: number, context: RetryContext): number | undefined {
  const { policy, random } = context;
  if (!isPusherError(error) || !error.retryable || failures >= policy.attempts) return undefined;
  const ownMs = Math.min(policy.firstDelayMs * 2 ** (failures - 1), policy.maxDelayMs);
  const askedMs = isPusherError(error, "REGISTRY_UNAVAILABLE") ? error.detail.retryAfterMs ?? 0 : 0;
  if (askedMs > policy.maxServerDelayMs) return undefined;
  // Spread by ±25 % so that workers that failed together do not come back together, but never before they may.
  return Math.round(Math.max(0.75 * ownMs, askedMs) + random() * ownMs / 2);
}

/**
 * Adds to an error that trying again did not help.
 *
 * @param error What the last attempt threw.
 * @param attempts How many there were.
 * @returns The error with their number, or as it is if it was final at once.
 */
export function afterAttempts(error: unknown, attempts: number): unknown {
  if (attempts < 2 || !isPusherError(error) || !error.retryable) return error;
  const { code, message, detail, hint, retryable } = error;
  return new PusherError(code, `${message}, after ${attempts} attempts`, {
    detail,
    ...(hint !== undefined && { hint }),
    retryable,
    cause: error,
  });
}

/**
 * Runs work until it succeeds, fails for good, or no attempt is left.
 *
 * @typeParam T What the work gives.
 * @param work Must be safe to repeat.
 * @param context Policy, time and randomness.
 * @param onRetry Told before each wait: why, for how many milliseconds, and which attempt follows, from 2.
 * @returns What the work gave.
 * @throws What the last attempt threw; see {@linkcode afterAttempts}.
 */
export async function retry<T>(
  work: () => Promise<T>,
  context: RetryContext,
  onRetry?: (error: unknown, delayMs: number, attempt: number) => void,
): Promise<T> {
  for (let failures = 1;; failures++) {
    try {
      return await work();
    } catch (error) {
      context.signal.throwIfAborted();
      const delayMs = retryDelayMs(error, failures, context);
      if (delayMs === undefined) throw afterAttempts(error, failures);
      onRetry?.(error, delayMs, failures + 1);
      await context.clock.sleep(delayMs, context.signal);
    }
  }
}
