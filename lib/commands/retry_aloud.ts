import { DEFAULT_RETRY_POLICY, retry } from "../util/retry.ts";
import type { CommandContext } from "./command_context.ts";

/**
 * Runs work until it succeeds, fails for good, or no attempt is left, and says before each wait why the user waits.
 *
 * @typeParam T What the work gives.
 * @param work Must be safe to repeat.
 * @param context Time, randomness, and who is told.
 * @returns What the work gave.
 * @throws What the last attempt threw.
 */
export async function retryAloud<T>(work: () => Promise<T>, context: CommandContext): Promise<T> {
  const { clock, random, signal, onEvent } = context;
  const onRetry = (error: unknown, delayMs: number): void => {
    const reason = error instanceof Error ? error.message : String(error);
    onEvent({ type: "warning", message: `${reason}; trying again in ${Math.ceil(delayMs / 1000)}s` });
  };
  return await retry(work, { policy: DEFAULT_RETRY_POLICY, clock, random, signal }, onRetry);
}
