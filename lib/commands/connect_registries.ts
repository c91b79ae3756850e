import { isPusherError, PusherError } from "../errors.ts";
import type { FoundCredentials } from "../credentials/find_in_auth_file.ts";
import { connectRegistry, type RegistrySession } from "../registry/registry_session.ts";
import type { Credentials } from "../spec/credentials.ts";
import { formatRepository, type Reference } from "../spec/reference.ts";
import type { CredentialStore } from "../state/credential_store.ts";
import type { CommandContext } from "./command_context.ts";
import { CredentialFinder } from "./credential_finder.ts";
import { hostSettings, type NetworkOptions } from "./network_options.ts";
import { retryAloud } from "./retry_aloud.ts";

/** How to reach registries. */
export interface ConnectionOptions extends NetworkOptions {
  /** User and password, if there is one registry only. */
  credentials?: Credentials | undefined;
  /**
   * Whether credentials of the environment count.
   *
   * @default {if there is one registry only}
   */
  usesEnvironment?: boolean | undefined;
  /** Our own logins. */
  store: CredentialStore;
}

/** Registries that were connected to; disposing it ends the connections. */
export interface RegistryConnections extends Disposable {
  /**
   * The connection for one of the repositories asked for.
   *
   * @param repository Which.
   * @returns The session; `undefined` if its registry cannot be reached or used.
   */
  session(repository: RepositoryName): RegistrySession | undefined;
  /**
   * Why there is no connection for one of the repositories asked for.
   *
   * @param repository Which.
   * @returns The error; `undefined` if there is a session.
   */
  error(repository: RepositoryName): PusherError | undefined;
}

/** Where a repository is. */
export type RepositoryName = Pick<Reference, "registry" | "repository">;

/**
 * Connects to the registries of repositories, side by side: one that cannot be reached takes long to be given up. There
 * is one connection for each registry and each user of it: podman's logins may be for a part of a registry.
 *
 * @param repositories What the connections are for.
 * @param options Credentials and transport.
 * @param context Told why it waits, and stops it.
 * @returns The connections, and the failures.
 * @throws {PusherError} `USAGE` if one password is given for several registries.
 */
export async function connectRegistries(
  repositories: readonly RepositoryName[],
  options: ConnectionOptions,
  context: CommandContext,
): Promise<RegistryConnections> {
  const { credentials: given, store } = options;
  const { clock, onTrace, signal } = context;
  const registries = new Set(repositories.map(({ registry }) => registry));
  if (given && registries.size > 1) throw sharedPassword(registries.size);
  const { usesEnvironment = registries.size === 1 } = options;
  const finder = new CredentialFinder({ given, usesEnvironment, store }, context);
  using resources = new DisposableStack();
  const connecting = new Map<string, Promise<RegistrySession>>();
  const connect = async (registry: string, found: FoundCredentials | undefined): Promise<RegistrySession> => {
    onTrace?.(`credentials for ${registry}: ${found?.source ?? "none"}`);
    const settingsOf = hostSettings(registry, options, context);
    const { credentials } = found ?? {};
    const connection = { credentials, settingsOf, env: context.env, clock, onTrace, signal };
    return resources.use(await retryAloud(() => connectRegistry(registry, connection), context));
  };
  const settled = await Promise.allSettled(repositories.map(async (repository) => {
    const { registry } = repository;
    const found = await finder.find(repository);
    const key = `${registry} ${found?.source ?? ""}`;
    const session = connecting.get(key) ?? connect(registry, found);
    connecting.set(key, session);
    return await session;
  }));
  const sessions = new Map<string, RegistrySession>();
  const errors = new Map<string, PusherError>();
  for (const [at, outcome] of settled.entries()) {
    const name = formatRepository(repositories[at]!);
    if (outcome.status === "fulfilled") sessions.set(name, outcome.value);
    else if (signal.aborted || !isPusherError(outcome.reason)) throw outcome.reason;
    else errors.set(name, outcome.reason);
  }
  const open = resources.move();
  return {
    session: (repository) => sessions.get(formatRepository(repository)),
    error: (repository) => errors.get(formatRepository(repository)),
    [Symbol.dispose]: () => open.dispose(),
  };
}

function sharedPassword(registries: number): PusherError {
  return new PusherError("USAGE", `Cannot use one password for ${registries} registries`, {
    detail: {},
    hint: "Run login for each registry, and leave user name and password out.",
  });
}
