import { PusherError } from "../errors.ts";
import type { Login } from "../spec/credentials.ts";
import { checkCredentials, connectRegistry } from "../registry/registry_session.ts";
import { parseRegistry } from "../spec/reference.ts";
import { CredentialStore } from "../state/credential_store.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";
import type { CommandContext } from "./command_context.ts";
import { hostSettings, type NetworkOptions } from "./network_options.ts";
import { retryAloud } from "./retry_aloud.ts";

/** Where to log in, and as whom. */
export interface LoginOptions extends NetworkOptions {
  /** Host, with port if any. */
  registry: string;
  /** Asked for when absent. */
  username?: string | undefined;
  /** Asked for when absent. */
  password?: string | undefined;
  /** Where to keep it; see `resolveStateDirectory`. */
  stateDir?: string | undefined;
}

/** What was stored. */
export interface LoginReport {
  /** Canonical host. */
  registry: string;
  /** User name. */
  username: string;
  /** Path of the state directory. */
  storedIn: string;
}

/**
 * Checks a user's credentials against a registry and keeps them if they are right.
 *
 * @param options Where and as whom.
 * @param context Asks for what is missing.
 * @returns What was stored.
 * @throws {PusherError} `AUTH_DENIED` if the registry refuses them, `USAGE` if something is missing and nobody can be
 * asked, and what the network and the state directory throw. Nothing is stored then.
 */
export async function login(options: LoginOptions, context: CommandContext): Promise<LoginReport> {
  const { registry } = parseRegistry(options.registry);
  const { clock, signal, onTrace, onEvent } = context;
  const storedIn = await resolveStateDirectory({ flag: options.stateDir, env: context.env, cwd: Deno.cwd() });
  const credentials = await askForMissing(registry, options, context);
  const settingsOf = hostSettings(registry, options, context);
  const { env } = context;
  await retryAloud(async () => {
    using session = await connectRegistry(registry, { credentials, settingsOf, env, clock, onTrace, signal });
    await checkCredentials(session, credentials, signal);
    if (!session.isChallenged) {
      onEvent({ type: "notice", message: `${registry} lets everybody in: it did not check the password.` });
    }
  }, context);
  const onWarning = (message: string): void => onEvent({ type: "warning", message });
  await new CredentialStore(storedIn, { clock, onWarning }).set(registry, credentials);
  return { registry, username: credentials.username, storedIn };
}

async function askForMissing(
  registry: string,
  options: LoginOptions,
  context: CommandContext,
): Promise<Login> {
  const { interaction } = context;
  const username = options.username || await interaction?.text(`User name for ${registry}`);
  if (!username) throw missing(registry, "user name", "--username");
  const password = options.password || await interaction?.password(`Password for ${username} at ${registry}`);
  if (!password) throw missing(registry, "password", "--password-stdin");
  return { username, password };
}

function missing(registry: string, what: string, option: string): PusherError {
  return new PusherError("USAGE", `Cannot log in to "${registry}": no ${what} is given`, {
    detail: { option },
    hint: `Give it with ${option}, or run this on a terminal to be asked.`,
  });
}
