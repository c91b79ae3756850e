import * as v from "valibot";
import { PusherError } from "../errors.ts";
import { DocumentError, MAX_DOCUMENT_BYTES, parseDocument } from "../spec/documents.ts";
import { printable } from "../util/printable.ts";
import { readCappedFile } from "../util/read_capped_file.ts";
import { systemReason } from "../util/system_reason.ts";

/** What docker and podman remember of a login. */
export interface AuthEntry {
  /** `user:password` in base64. */
  auth?: string | null | undefined;
  /** The same in two fields, as some tools write it. */
  username?: string | null | undefined;
  /** See `username`. */
  password?: string | null | undefined;
  /** Refresh token of OAuth 2. */
  identitytoken?: string | null | undefined;
  /** Bearer token for the registry itself. */
  registrytoken?: string | null | undefined;
}

/** Docker's `config.json`, podman's `auth.json`: the part about logins. */
export interface AuthFile {
  /** Where it was read. */
  path: string;
  /** Logins by host, URL or namespace. */
  auths: ReadonlyMap<string, AuthEntry>;
  /** Names of credential helpers by host; an empty name means none. */
  credHelpers: ReadonlyMap<string, string>;
  /** Name of the credential helper for all other hosts; empty if there is none. */
  credsStore: string;
}

/** A name that is only a name: what comes after `docker-credential-` is looked up on `PATH`. */
const HELPER_NAME_REGEXP = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,99})?$/;

// With words of our own: those of the library repeat what they found.
const textSchema = v.nullish(v.string("must be text"));
const helperSchema = v.nullish(
  v.pipe(
    v.string("must be text"),
    v.regex(HELPER_NAME_REGEXP, "must be the name of a helper, without a path"),
  ),
  "",
);
const entrySchema = v.object({
  auth: textSchema,
  username: textSchema,
  password: textSchema,
  identitytoken: textSchema,
  registrytoken: textSchema,
}, "must be an object");
const authFileSchema = v.pipe(
  v.custom((value) => !Array.isArray(value), "must be an object"),
  v.object({
    auths: v.nullish(v.record(v.string(), entrySchema, "must be an object"), {}),
    credHelpers: v.nullish(v.record(v.string(), helperSchema, "must be an object"), {}),
    credsStore: helperSchema,
  }, "must be an object"),
);

/**
 * Reads docker's `config.json` or podman's `auth.json`.
 *
 * @param path Which.
 * @param onWarning Told when the file is there but may not be read: it is somebody else's then.
 * @returns Its logins; `undefined` if there is no such file.
 * @throws {PusherError} `CONFIG_INVALID` if it is not what it should be: to go on without it could mean to be nobody,
 * or somebody else.
 */
export async function readAuthFile(
  path: string,
  onWarning: (message: string) => void,
): Promise<AuthFile | undefined> {
  try {
    return parseAuthFile(await readCappedFile(path, MAX_DOCUMENT_BYTES), path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) return undefined;
    if (cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable) {
      onWarning(`Logins in "${printable(path)}" are left out, as it may not be read`);
      return undefined;
    }
    throw authFileError(path, cause);
  }
}

/**
 * Reads the text of such a file.
 *
 * @param bytes JSON; nothing at all counts as an empty file.
 * @param path What it is called.
 * @returns Its logins.
 * @throws {PusherError} `CONFIG_INVALID`.
 */
export function parseAuthFile(bytes: Uint8Array, path: string): AuthFile {
  if (bytes.length === 0) return { path, auths: new Map(), credHelpers: new Map(), credsStore: "" };
  try {
    const { auths, credHelpers, credsStore } = parseDocument(authFileSchema, bytes);
    return {
      path,
      auths: new Map(Object.entries(auths)),
      credHelpers: new Map(Object.entries(credHelpers)),
      credsStore,
    };
  } catch (cause) {
    throw cause instanceof DocumentError ? authFileError(path, cause) : cause;
  }
}

/**
 * The error of a file with logins that cannot be used.
 *
 * @param path Which.
 * @param cause What is wrong; its message must not hold what the file holds.
 * @returns `CONFIG_INVALID`.
 */
export function authFileError(path: string, cause: unknown): PusherError {
  if (cause instanceof PusherError) return cause;
  return new PusherError(
    "CONFIG_INVALID",
    `Cannot read logins from "${printable(path)}": ${systemReason(cause)}`,
    {
      detail: { path },
      hint: "Repair the file or move it away, or do without it: login --store file.",
      cause,
    },
  );
}
