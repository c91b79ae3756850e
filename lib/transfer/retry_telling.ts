import { retry, type RetryContext } from "../util/retry.ts";
import type { EventSink } from "./events.ts";

/** When to try again, and who is told of it. */
export interface TellingContext extends RetryContext {
  /** Told before each wait. */
  onEvent: EventSink;
}

/**
 * Asks a registry until it answers, and says before each wait why there is one.
 *
 * @typeParam T The answer.
 * @param request Must be safe to repeat.
 * @param target The repository it is about.
 * @param context Policy, time, and who is told.
 * @returns The answer.
 * @throws What the last attempt threw, as `retry` does.
 */
export async function retryTelling<T>(
  request: () => Promise<T>,
  target: string,
  context: TellingContext,
): Promise<T> {
  return await retry(request, context, (error, delayMs, attempt) => {
    const reason = error instanceof Error ? error.message : String(error);
    context.onEvent({ type: "request:retry", target, attempt, delayMs, reason });
  });
}
