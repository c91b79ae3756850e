import { isPusherError } from "../errors.ts";
import { parseRegistry } from "../spec/reference.ts";
import { CredentialStore } from "../state/credential_store.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";
import { printable } from "../util/printable.ts";
import type { CommandContext } from "./command_context.ts";
import { CredentialFinder } from "./credential_finder.ts";
import { forgetLogin } from "./login_keeper.ts";

/** What to forget. */
export interface LogoutOptions {
  /** Host of the registry, with port if any. */
  registry: string;
  /** Value of `--state-dir`. */
  stateDir?: string | undefined;
}

/** What was forgotten. */
export interface LogoutReport {
  /** Canonical host, `docker.io` for Docker Hub. */
  registry: string;
  /** Whether there was a login. */
  removed: boolean;
}

/**
 * Forgets the login of a registry, where our `login` had it kept. Logins that docker or podman made are theirs and
 * stay, and the user is told so.
 *
 * @param options Which.
 * @param context The outside world.
 * @returns Whether there was anything to forget.
 * @throws {PusherError} `REFERENCE_INVALID`, `STATE_CORRUPT`, `STATE_UNREADABLE`, `STATE_LOCKED`, `STATE_UNWRITABLE`,
 * and what the keeper throws; nothing is forgotten then.
 */
export async function logout(options: LogoutOptions, context: CommandContext): Promise<LogoutReport> {
  const { registry } = parseRegistry(options.registry);
  const directory = await resolveStateDirectory({
    flag: options.stateDir,
    env: context.env,
    cwd: Deno.cwd(),
  });
  const store = new CredentialStore(directory, {
    clock: context.clock,
    onWarning: (message) => context.onEvent({ type: "warning", message }),
  });
  const login = await store.get(registry);
  if (login?.keeper) await forgetLogin(login.keeper, registry, context);
  const removed = await store.delete(registry);
  await tellWhatStays(registry, store, context);
  return { registry, removed };
}

async function tellWhatStays(
  registry: string,
  store: CredentialStore,
  context: CommandContext,
): Promise<void> {
  try {
    const found = await new CredentialFinder({ usesEnvironment: false, store }, context).find({ registry });
    if (!found) return;
    const message = `Another login for ${registry} stays: ${printable(found.source)}. ` +
      "docker logout or podman logout removes it.";
    context.onEvent({ type: "notice", message });
  } catch (error) {
    if (!isPusherError(error)) throw error;
    context.onEvent({ type: "warning", message: error.message });
  }
}
