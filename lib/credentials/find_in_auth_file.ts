import type { Credentials } from "../spec/credentials.ts";
import { DocumentError } from "../spec/documents.ts";
import { printable } from "../util/printable.ts";
import { entryCredentials } from "./auth_entry.ts";
import { type AuthFile, authFileError } from "./auth_file.ts";
import { type CredentialTarget, matchingKeys, serverOf } from "./auth_keys.ts";

/** Credentials, and where they were. */
export interface FoundCredentials {
  /** The credentials. */
  credentials: Credentials;
  /** For people, without secrets; the same only for the same credentials. */
  source: string;
}

/** Asks a credential helper by its name for what it has of a server. */
export type AskHelper = (helper: string, server: string) => Promise<Credentials | undefined>;

/**
 * Looks a login up as docker does: with the helper for the registry, else the helper for all, then in the file.
 *
 * @param file Docker's or podman's.
 * @param target What the credentials are for.
 * @param askHelper Runs a helper.
 * @returns What was found, if anything.
 * @throws {PusherError} `CONFIG_INVALID` if the entry is not what it should be, and what the helper throws.
 */
export async function findInAuthFile(
  file: AuthFile,
  target: CredentialTarget,
  askHelper: AskHelper,
): Promise<FoundCredentials | undefined> {
  const helper = helperFor(file, target.registry);
  const kept = helper && await askHelper(helper, serverOf(target.registry));
  if (kept) return { credentials: kept, source: `docker-credential-${helper}, named in ${file.path}` };
  for (const key of matchingKeys(file.auths.keys(), target)) {
    const credentials = credentialsOf(file, key);
    if (credentials) return { credentials, source: `"${printable(key)}" in ${file.path}` };
  }
  return undefined;
}

/**
 * The helper that a file names for a registry.
 *
 * @param file Docker's or podman's.
 * @param registry Canonical host.
 * @returns Its name; `undefined` if there is none.
 */
export function helperFor(file: AuthFile, registry: string): string | undefined {
  const [key] = matchingKeys(file.credHelpers.keys(), { registry });
  return (key === undefined ? file.credsStore : file.credHelpers.get(key)) || undefined;
}

function credentialsOf(file: AuthFile, key: string): Credentials | undefined {
  try {
    return entryCredentials(file.auths.get(key)!);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    throw authFileError(file.path, new DocumentError(`"${printable(key)}": ${error.message}`));
  }
}
