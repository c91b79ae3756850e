import * as v from "valibot";
import { DocumentError, parseDocument } from "../../spec/documents.ts";
import { readCapped } from "../registry_request.ts";

/** A bearer token and when it should no longer be used. */
export interface Token {
  /** Goes into `Authorization: Bearer …`. */
  value: string;
  /** Milliseconds since 1970 after which a new one is fetched: before it really expires. */
  renewAtMs: number;
}

/** Lifetime where the token service names none, by the token specification. */
const DEFAULT_LIFETIME_SECONDS = 60;
/** Longest lifetime believed. */
const MAX_LIFETIME_SECONDS = 24 * 3600;
/** A token is renewed this long before it expires, or at half its life if that is shorter. */
const RENEWAL_MARGIN_MS = 30_000;

/** What can stand in a header; anything else would be repeated in the error of the request that carries it. */
const VISIBLE_ASCII_REGEXP = /^[!-~]*$/;
const tokenValueSchema = v.nullish(v.pipe(v.string(), v.regex(VISIBLE_ASCII_REGEXP)));
const tokenSchema = v.object({
  token: tokenValueSchema,
  access_token: tokenValueSchema,
  expires_in: v.nullish(v.number()),
  issued_at: v.optional(v.unknown()),
});

/**
 * Reads the answer of a token service.
 *
 * @param response An answer with status 200.
 * @param askedAtMs When it was asked, in milliseconds since 1970: the token cannot be older by our clock.
 * @returns The token; `undefined` if there is none in it.
 * @see https://distribution.github.io/distribution/spec/auth/token/#token-response-fields
 */
export async function readTokenAnswer(response: Response, askedAtMs: number): Promise<Token | undefined> {
  const { bytes } = await readCapped(response);
  try {
    const answer = parseDocument(tokenSchema, bytes);
    const value = answer.token || answer.access_token;
    if (!value) return undefined;
    const lifetimeSeconds = Math.max(answer.expires_in ?? 0, DEFAULT_LIFETIME_SECONDS);
    const lifetimeMs = Math.min(lifetimeSeconds, MAX_LIFETIME_SECONDS) * 1000;
    const leftMs = lifetimeMs - ageMs(response.headers.get("date"), answer.issued_at, lifetimeMs);
    return { value, renewAtMs: askedAtMs + leftMs - Math.min(RENEWAL_MARGIN_MS, leftMs / 2) };
  } catch (error) {
    if (error instanceof DocumentError) return undefined;
    throw error;
  }
}

/** How old a token is that was not made for us just now: by the clock of the service alone, as ours may be wrong. */
function ageMs(date: string | null, issuedAt: unknown, lifetimeMs: number): number {
  if (date === null || typeof issuedAt !== "string") return 0;
  const ageMs = Date.parse(date) - Date.parse(issuedAt);
  return ageMs > 0 && ageMs < lifetimeMs ? ageMs : 0;
}
