/** A user of a registry. */
export interface Credentials {
  /** For example `AWS`, `robot$ci` or a plain user name. */
  username: string;
  /** Password or access token. */
  password: string;
}

/**
 * The value of an `Authorization` header for Basic authentication.
 *
 * @param credentials User and password, in UTF-8 as RFC 7617 allows.
 * @returns `Basic …`.
 * @see https://www.rfc-editor.org/rfc/rfc7617
 */
export function basicAuthorization(credentials: Credentials): string {
  const bytes = new TextEncoder().encode(`${credentials.username}:${credentials.password}`);
  return `Basic ${bytes.toBase64()}`;
}
