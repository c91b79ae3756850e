/** How a user proves to a registry who they are. */
export type Credentials = Login | IdentityToken | RegistryToken;

/** A user with a password. */
export interface Login {
  /** For example `AWS`, `robot$ci` or a plain user name. */
  username: string;
  /** Password or access token. */
  password: string;
}

/** A refresh token of OAuth 2: good for tokens of the registry's token service, not for the registry itself. */
export interface IdentityToken {
  /** Whom it stands for, where a token service wants a name beside it. */
  username: string;
  /** The token. */
  identityToken: string;
}

/** A bearer token that is ready for the registry. */
export interface RegistryToken {
  /** The token. */
  registryToken: string;
}

/** The name that says, in the place of a user's, that what comes with it is an identity token. */
const IDENTITY_TOKEN_USER = "<token>";

/**
 * Makes credentials of a name and a secret, as they come from a user, a file or a credential helper.
 *
 * @param username A user; `<token>` if the secret is an identity token.
 * @param secret Password, access token or identity token.
 * @returns The credentials.
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol
 *
 * @example Usage
 * ```ts
 * import { toCredentials } from "./credentials.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(toCredentials("ann", "pw"), { username: "ann", password: "pw" });
 * assert.deepEqual(toCredentials("<token>", "t"), { username: "<token>", identityToken: "t" });
 * ```
 */
export function toCredentials(username: string, secret: string): Login | IdentityToken {
  return username === IDENTITY_TOKEN_USER
    ? { username, identityToken: secret }
    : { username, password: secret };
}
