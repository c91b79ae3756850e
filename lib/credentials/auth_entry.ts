import { type Credentials, toCredentials } from "../spec/credentials.ts";
import { DocumentError } from "../spec/documents.ts";
import type { AuthEntry } from "./auth_file.ts";

/** What can stand in a header. */
const VISIBLE_ASCII_REGEXP = /^[!-~]+$/;

/** Whom an identity token stands for if nobody is named. */
const NOBODY = "<token>";

/**
 * Reads a login as docker and podman write it.
 *
 * @param entry An entry of `auths`.
 * @returns The credentials; `undefined` for an entry without any, which docker leaves where a helper has them.
 * @throws {DocumentError} If `auth` is not `user:password` in base64, or `registrytoken` not a token.
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 *
 * @example Usage
 * ```ts
 * import { entryCredentials } from "./auth_entry.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(entryCredentials({ auth: btoa("ann:pw") }), { username: "ann", password: "pw" });
 * assert.equal(entryCredentials({}), undefined);
 * ```
 */
export function entryCredentials(entry: AuthEntry): Credentials | undefined {
  const { registrytoken, identitytoken } = entry;
  if (registrytoken) {
    if (VISIBLE_ASCII_REGEXP.test(registrytoken)) return { registryToken: registrytoken };
    throw new DocumentError("an entry's registrytoken is not a token");
  }
  const { username, password } = entry.auth ? decodeAuth(entry.auth) : entry;
  if (identitytoken) return { username: username || NOBODY, identityToken: identitytoken };
  return username && password ? toCredentials(username, password) : undefined;
}

/**
 * Writes a login as docker does.
 *
 * @param username User; `<token>` for an identity token.
 * @param secret Password or token.
 * @returns An entry of `auths`.
 */
export function toAuthEntry(username: string, secret: string): AuthEntry {
  const isToken = "identityToken" in toCredentials(username, secret);
  const auth = new TextEncoder().encode(`${username}:${isToken ? "" : secret}`).toBase64();
  return isToken ? { auth, identitytoken: secret } : { auth };
}

function decodeAuth(auth: string): { username: string; password: string } {
  const text = decodeBase64(auth);
  const colon = text.indexOf(":");
  if (colon < 0) throw new DocumentError("an entry's auth is not user:password in base64");
  // Docker pads some with zeros.
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}

function decodeBase64(text: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(text));
  } catch {
    throw new DocumentError("an entry's auth is not text in base64");
  }
}
