import type { Credentials } from "../../spec/credentials.ts";

/**
 * The value of an `Authorization` header for Basic authentication. An identity token goes in the place of a password:
 * services that do not know OAuth 2 take it so.
 *
 * @param credentials Whose, in UTF-8 as RFC 7617 allows.
 * @returns `Basic …`; `undefined` for a registry token, which is none.
 * @see https://www.rfc-editor.org/rfc/rfc7617
 */
export function basicAuthorization(credentials: Credentials): string | undefined {
  if ("registryToken" in credentials) return undefined;
  const secret = "password" in credentials ? credentials.password : credentials.identityToken;
  return `Basic ${new TextEncoder().encode(`${credentials.username}:${secret}`).toBase64()}`;
}
