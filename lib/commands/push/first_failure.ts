import type { CommandContext } from "../command_context.ts";
import type { PushFailure } from "../../transfer/progress/report.ts";

/**
 * Chooses the failure that stands for all, where nothing got through.
 *
 * @param failures At least one.
 * @param context Told what the others say differently.
 * @returns The first.
 */
export function firstFailure(
  failures: readonly PushFailure[],
  { onEvent }: Pick<CommandContext, "onEvent">,
): Error {
  const [first, ...others] = new Map(failures.map(({ error }) => [error.message, error])).values();
  for (const { message } of others) onEvent({ type: "warning", message });
  return first!;
}
