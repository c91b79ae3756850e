import * as v from "valibot";
import { PusherError } from "../errors.ts";
import { DocumentError, parseDocument } from "../spec/documents.ts";
import type { Clock } from "../util/clock.ts";
import type { Challenge } from "./challenge.ts";
import { basicAuthorization, type Credentials } from "./credentials.ts";
import { registryError } from "./registry_error.ts";
import { type Exchange, readCapped, redactUrl } from "./registry_request.ts";
import { distrust } from "./trusted_url.ts";

/** A bearer token and when it should no longer be used. */
export interface Token {
  /** Goes into `Authorization: Bearer …`. */
  value: string;
  /** Milliseconds since 1970 after which a new one is fetched: before it really expires. */
  renewAtMs: number;
}

/** What {@linkcode fetchToken} needs. */
export interface TokenRequest {
  /** The registry as the user named it. */
  registry: string;
  /** Its base URL, which decides where the realm may be. */
  registryUrl: URL;
  /** Where tokens come from. */
  challenge: Challenge;
  /** What the token should allow, the most important first. */
  scopes: readonly string[];
  /** Anonymous when absent. */
  credentials: Credentials | undefined;
  /** Sends the request. */
  exchange: Exchange;
  /** Time. */
  clock: Clock;
  /** Ends it. */
  signal: AbortSignal;
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
});

/**
 * Fetches a bearer token with a GET, as docker does.
 *
 * @param request Where, for what, as whom.
 * @returns The token.
 * @throws {PusherError} `AUTH_REQUIRED` or `AUTH_DENIED` if it is refused, `REGISTRY_UNSUPPORTED` if the realm is not to
 * be trusted or the answer not a token, and what the network throws.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export async function fetchToken(request: TokenRequest): Promise<Token> {
  const { registry, credentials, clock, scopes, signal } = request;
  const url = tokenUrl(request);
  const headers = credentials ? { authorization: basicAuthorization(credentials) } : undefined;
  const httpRequest = { method: "GET", url, scopes: [], signal, ...(headers ? { headers } : {}) } as const;
  const response = await request.exchange(httpRequest);
  if (response.status !== 200) {
    throw await registryError(response, httpRequest, {
      action: `log in to "${registry}"`,
      registry,
      repository: scopes[0]?.split(":").slice(1, -1).join(":"),
      hasCredentials: credentials !== undefined,
      nowMs: clock.now(),
    });
  }
  const { bytes } = await readCapped(response);
  const { value, lifetimeSeconds } = parseToken(bytes, request, url);
  const lifetimeMs = lifetimeSeconds * 1000;
  const marginMs = Math.min(RENEWAL_MARGIN_MS, lifetimeMs / 2);
  return { value, renewAtMs: clock.now() + lifetimeMs - marginMs };
}

function tokenUrl(request: TokenRequest): URL {
  const { realm = "", service } = request.challenge.parameters;
  const url = URL.canParse(realm, request.registryUrl) ? new URL(realm, request.registryUrl) : undefined;
  const reason = realm && url ? distrust(url, request.registryUrl) : "it is not a URL";
  if (!url || reason) throw unsupported(request, `its token service cannot be trusted, as ${reason}`);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of request.scopes) url.searchParams.append("scope", scope);
  if (request.credentials) url.searchParams.set("account", request.credentials.username);
  return url;
}

function parseToken(
  bytes: Uint8Array,
  request: TokenRequest,
  url: URL,
): { value: string; lifetimeSeconds: number } {
  try {
    const { token, access_token, expires_in } = parseDocument(tokenSchema, bytes);
    const value = token || access_token;
    if (value) {
      const lifetimeSeconds = Math.max(expires_in ?? 0, DEFAULT_LIFETIME_SECONDS);
      return { value, lifetimeSeconds: Math.min(lifetimeSeconds, MAX_LIFETIME_SECONDS) };
    }
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
  }
  throw unsupported(request, `its token service ${redactUrl(url)} gave no token`);
}

function unsupported(request: TokenRequest, reason: string): PusherError {
  const { registry, registryUrl } = request;
  return new PusherError("REGISTRY_UNSUPPORTED", `Cannot log in to "${registry}": ${reason}`, {
    detail: {
      registry,
      request: `GET ${redactUrl(registryUrl)}`,
    },
    hint: "Ask the registry's operator to check its token settings; --debug shows each request.",
  });
}
