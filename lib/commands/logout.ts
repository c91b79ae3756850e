import { parseRegistry } from "../spec/reference.ts";
import { CredentialStore } from "../state/credential_store.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";
import type { CommandContext } from "./command_context.ts";

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
 * Forgets the login of a registry. Logins kept by docker or podman are theirs and stay.
 *
 * @param options Which.
 * @param context The outside world.
 * @returns Whether there was anything to forget.
 * @throws {PusherError} `REFERENCE_INVALID`, `STATE_CORRUPT`, `STATE_UNREADABLE`, `STATE_LOCKED`, `STATE_UNWRITABLE`.
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
  return { registry, removed: await store.delete(registry) };
}
