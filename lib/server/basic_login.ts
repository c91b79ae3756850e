import { sha256Hex } from "../util/sha256.ts";

/** Who may use a registry. */
export interface BasicLogin {
  /** User name; has no colon. */
  username: string;
  /** Password. */
  password: string;
}

/**
 * Makes a check of `Authorization` headers. What is compared are hashes, so that the time it takes tells nothing.
 *
 * @param login Who may come in.
 * @returns Whether a header is theirs.
 * @see https://www.rfc-editor.org/rfc/rfc7617
 */
export function basicLoginCheck(
  { username, password }: BasicLogin,
): (header: string | null) => Promise<boolean> {
  const expected = sha256Hex(new TextEncoder().encode(`${username}:${password}`));
  return async (header) => {
    const [, token] = /^basic +(\S+)$/i.exec(header ?? "") ?? [];
    const given = token === undefined ? undefined : decodeBase64(token);
    return given !== undefined && await sha256Hex(given) === await expected;
  };
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}
