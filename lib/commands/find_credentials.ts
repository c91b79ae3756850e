import type { Credentials } from "../spec/credentials.ts";
import type { CredentialStore } from "../state/credential_store.ts";

/** Where credentials may come from. */
export interface CredentialSources {
  /** From the command line. */
  given: Credentials | undefined;
  /** Environment variables. */
  env: (name: string) => string | undefined;
  /** Our own logins. */
  store: CredentialStore;
}

/**
 * Finds the credentials for a registry: the command line's, else `DOCKER_USERNAME` and `DOCKER_PASSWORD` (for this
 * run only), else those of an earlier login.
 *
 * @param registry Canonical host.
 * @param sources Where to look.
 * @returns User and password, or `undefined` for an anonymous push.
 * @throws {PusherError} `STATE_CORRUPT` or `STATE_UNREADABLE` if our own file cannot be used.
 */
export async function findCredentials(
  registry: string,
  sources: CredentialSources,
): Promise<Credentials | undefined> {
  const { given, env, store } = sources;
  if (given) return given;
  const username = env("DOCKER_USERNAME");
  const password = env("DOCKER_PASSWORD");
  if (username && password) return { username, password };
  const stored = await store.get(registry);
  return stored && { username: stored.username, password: stored.password };
}
