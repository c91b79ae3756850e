import { CredentialStore } from "../../state/credential_store.ts";
import { PushHistory } from "../../state/push_history.ts";
import { resolveStateDirectory } from "../../state/state_directory.ts";
import type { CommandContext } from "../command_context.ts";

/** What is kept between pushes. */
export interface PushState {
  /** The state directory. */
  readonly directory: string;
  /** Our own logins. */
  readonly store: CredentialStore;
  /** Earlier pushes. */
  readonly history: PushHistory;
  /** Told of what is wrong with the state directory. */
  readonly onWarning: (message: string) => void;
}

/**
 * Finds the state directory; nothing is read yet.
 *
 * @param flag The directory, if the user named one.
 * @param context Environment, time, and who is told of warnings.
 * @returns What is in it.
 */
export async function findPushState(flag: string | undefined, context: CommandContext): Promise<PushState> {
  const { clock, env, onEvent } = context;
  const onWarning = (message: string): void => onEvent({ type: "warning", message });
  const directory = await resolveStateDirectory({ flag, env, cwd: Deno.cwd() });
  const options = { clock, onWarning };
  return {
    directory,
    store: new CredentialStore(directory, options),
    history: new PushHistory(directory, options),
    onWarning,
  };
}
