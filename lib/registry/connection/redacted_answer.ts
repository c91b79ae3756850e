import type { Credentials } from "../../spec/credentials.ts";
import { readCapped } from "../registry_request.ts";

/** Shorter ones would take half of the text away, and are no secrets. */
const MIN_SECRET_LENGTH = 4;

/**
 * Takes secrets out of an answer that says no: some services repeat what they were sent, and what they say is shown.
 *
 * @param response Any answer; one below 400 stays as it is.
 * @param secrets What must not be in it; `undefined` ones count for nothing.
 * @returns The answer, its body cut at 64 KiB.
 */
export async function redactedAnswer(
  response: Response,
  secrets: readonly (string | undefined)[],
): Promise<Response> {
  const known = secrets.filter((secret) =>
    secret !== undefined && secret.length >= MIN_SECRET_LENGTH
  ) as string[];
  if (response.status < 400 || !response.body || known.length === 0) return response;
  const { bytes } = await readCapped(response);
  let text = new TextDecoder().decode(bytes);
  for (const secret of known.flatMap(formsOf)) text = text.replaceAll(secret, "[redacted]");
  return new Response(text, { status: response.status, headers: response.headers });
}

/**
 * What of some credentials is secret.
 *
 * @param credentials Whose.
 * @returns The password or token, and what Basic authentication makes of it.
 */
export function secretsOf(credentials: Credentials | undefined): string[] {
  if (!credentials) return [];
  if ("registryToken" in credentials) return [credentials.registryToken];
  const secret = "password" in credentials ? credentials.password : credentials.identityToken;
  return [`${credentials.username}:${secret}`, secret];
}

/** As it is, and as it travels. */
function formsOf(secret: string): string[] {
  const base64 = new TextEncoder().encode(secret).toBase64();
  const json = JSON.stringify(secret).slice(1, -1);
  const form = new URLSearchParams({ "": secret }).toString().slice(1);
  return [...new Set([base64, encodeURIComponent(secret), form, json, secret])];
}
