import { PushHistory, type PushRecord } from "../state/push_history.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";
import type { CommandContext } from "./command_context.ts";

/** Which pushes to list. */
export interface HistoryOptions {
  /** At most this many; all that are remembered when absent. */
  limit?: number | undefined;
  /** Where they are kept; see `resolveStateDirectory`. */
  stateDir?: string | undefined;
}

/** Pushes of the past. */
export interface HistoryReport {
  /** The newest first. */
  pushes: readonly PastPush[];
  /** How many are remembered in all. */
  remembered: number;
}

/** One tag that was pushed. */
export type PastPush = Omit<PushRecord, "confirmed">;

/**
 * Lists what was pushed from here.
 *
 * @param options How many.
 * @param context Environment, and who is told of warnings.
 * @returns Pushes; none if there is no history, or one that cannot be read, of which the context is told.
 */
export async function history(options: HistoryOptions, context: CommandContext): Promise<HistoryReport> {
  const { clock, env, onEvent } = context;
  const directory = await resolveStateDirectory({ flag: options.stateDir, env, cwd: Deno.cwd() });
  const onWarning = (message: string): void => onEvent({ type: "warning", message });
  const pushes = (await new PushHistory(directory, { clock, onWarning }).list()).reverse();
  return {
    pushes: pushes.slice(0, options.limit).map(({ confirmed: _, ...push }) => push),
    remembered: pushes.length,
  };
}
