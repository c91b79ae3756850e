import { PusherError } from "../errors.ts";
import { checkCredentials, connectRegistry } from "../registry/registry_session.ts";
import { type Login, toCredentials } from "../spec/credentials.ts";
import { parseRegistry } from "../spec/reference.ts";
import { CredentialStore, type Keeper } from "../state/credential_store.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";
import { printable } from "../util/printable.ts";
import type { CommandContext } from "./command_context.ts";
import { chooseKeeper, forgetLogin, keepLogin, type LoginStore } from "./login_keeper.ts";
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
  /**
   * Who keeps it.
   *
   * @default {docker's credential helper for the registry if there is one, else our file}
   */
  store?: LoginStore | undefined;
  /** Where our file is; see `resolveStateDirectory`. */
  stateDir?: string | undefined;
}

/** What was stored. */
export interface LoginReport {
  /** Canonical host. */
  registry: string;
  /** User name. */
  username: string;
  /** Path of the state directory or of docker's file, or the name of a credential helper's program. */
  storedIn: string;
}

/**
 * Checks a user's credentials against a registry and keeps them if they are right.
 *
 * @param options Where and as whom.
 * @param context Asks for what is missing.
 * @returns What was stored.
 * @throws {PusherError} `AUTH_DENIED` if the registry refuses them, `USAGE` if something is missing and nobody can be
 * asked, and what the network, the state directory and the keeper throw. Nothing is stored then.
 */
export async function login(options: LoginOptions, context: CommandContext): Promise<LoginReport> {
  const { registry } = parseRegistry(options.registry);
  const stateDir = await resolveStateDirectory({ flag: options.stateDir, env: context.env, cwd: Deno.cwd() });
  const keeper = await chooseKeeper(registry, options.store, context);
  const login = await askForMissing(registry, options, context);
  await check(registry, login, { options, context });
  await keep(registry, login, { keeper, stateDir, context });
  return { registry, username: login.username, storedIn: placeOf(keeper, stateDir) };
}

async function check(
  registry: string,
  { username, password }: Login,
  { options, context }: { options: LoginOptions; context: CommandContext },
): Promise<void> {
  const { env, clock, signal, onTrace, onEvent } = context;
  const credentials = toCredentials(username, password);
  const settingsOf = hostSettings(registry, options, context);
  await retryAloud(async () => {
    using session = await connectRegistry(registry, { credentials, settingsOf, env, clock, onTrace, signal });
    await checkCredentials(session, credentials, signal);
    if (!session.isChallenged) {
      onEvent({ type: "notice", message: `${registry} lets everybody in: it did not check the password.` });
    }
  }, context);
}

/** In one place only: an earlier login that somebody else keeps is taken from there. */
async function keep(
  registry: string,
  { username, password }: Login,
  { keeper, stateDir, context }: { keeper: Keeper | undefined; stateDir: string; context: CommandContext },
): Promise<void> {
  const { clock, onEvent } = context;
  const onWarning = (message: string): void => onEvent({ type: "warning", message });
  const store = new CredentialStore(stateDir, { clock, onWarning });
  const earlier = (await store.get(registry))?.keeper;
  if (keeper) await keepLogin(keeper, { registry, username, password }, context);
  await store.set(registry, { username, ...keeper ? { keeper } : { password } });
  if (earlier && placeOf(earlier, stateDir) !== placeOf(keeper, stateDir)) {
    await forgetLogin(earlier, registry, context);
  }
  if (keeper && "helper" in keeper) return;
  const path = printable(keeper?.dockerConfig ?? `${stateDir}/credentials.json`);
  onEvent({ type: "notice", message: `"${path}" is not encrypted; what a credential helper keeps is` });
}

function placeOf(keeper: Keeper | undefined, stateDir: string): string {
  if (!keeper) return stateDir;
  return "helper" in keeper ? `docker-credential-${keeper.helper}` : keeper.dockerConfig;
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
