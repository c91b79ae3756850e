import { isPusherError, PusherError } from "../errors.ts";
import type { Credentials } from "../spec/credentials.ts";
import { connectRegistry, type RegistrySession } from "../registry/registry_session.ts";
import type { CredentialStore } from "../state/credential_store.ts";
import type { CommandContext } from "./command_context.ts";
import { findCredentials } from "./find_credentials.ts";
import { hostSettings, type NetworkOptions } from "./network_options.ts";
import { retryAloud } from "./retry_aloud.ts";

/** How to reach registries. */
export interface ConnectionOptions extends NetworkOptions {
  /** User and password, if there is one registry only. */
  credentials?: Credentials | undefined;
  /** Our own logins. */
  store: CredentialStore;
}

/** Registries that were connected to; disposing it ends the connections. */
export interface RegistryConnections extends Disposable {
  /** By registry: those that answered. */
  readonly sessions: ReadonlyMap<string, RegistrySession>;
  /** By registry: why one cannot be reached or used. */
  readonly errors: ReadonlyMap<string, PusherError>;
}

/**
 * Connects to registries, side by side: one that cannot be reached takes long to be given up.
 *
 * @param registries Canonical hosts, each once.
 * @param options Credentials and transport.
 * @param context Told why it waits, and stops it.
 * @returns The connections, and the failures.
 * @throws {PusherError} `USAGE` if one password is given for several registries.
 */
export async function connectRegistries(
  registries: readonly string[],
  options: ConnectionOptions,
  context: CommandContext,
): Promise<RegistryConnections> {
  const { credentials: given, store } = options;
  const { clock, onTrace, signal } = context;
  if (given && registries.length > 1) throw sharedPassword(registries.length);
  const env = registries.length > 1 ? () => undefined : context.env;
  using resources = new DisposableStack();
  const settled = await Promise.allSettled(registries.map(async (registry) => {
    const credentials = await findCredentials(registry, { given, env, store });
    const settingsOf = hostSettings(registry, options, context);
    const connection = { credentials, settingsOf, env: context.env, clock, onTrace, signal };
    return resources.use(await retryAloud(() => connectRegistry(registry, connection), context));
  }));
  const sessions = new Map<string, RegistrySession>();
  const errors = new Map<string, PusherError>();
  for (const [at, outcome] of settled.entries()) {
    const registry = registries[at]!;
    if (outcome.status === "fulfilled") sessions.set(registry, outcome.value);
    else if (signal.aborted || !isPusherError(outcome.reason)) throw outcome.reason;
    else errors.set(registry, outcome.reason);
  }
  const open = resources.move();
  return { sessions, errors, [Symbol.dispose]: () => open.dispose() };
}

function sharedPassword(registries: number): PusherError {
  return new PusherError("USAGE", `Cannot use one password for ${registries} registries`, {
    detail: { option: "--username" },
    hint: "Run login for each registry, and leave --username and --password out.",
  });
}
