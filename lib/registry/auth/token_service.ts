import { PusherError } from "../../errors.ts";
import type { Credentials } from "../../spec/credentials.ts";
import type { Clock } from "../../util/clock.ts";
import { basicAuthorization } from "./basic_authorization.ts";
import type { Challenge } from "./challenge.ts";
import { redactedAnswer, secretsOf } from "../connection/redacted_answer.ts";
import { registryError } from "../registry_error.ts";
import { discard, type Exchange, redactUrl, type RegistryRequest } from "../registry_request.ts";
import { readTokenAnswer, type Token } from "./token_answer.ts";
import { distrust } from "../connection/trusted_url.ts";

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

/** Token services have to be told who asks. */
const CLIENT_ID = "docker-image-pusher";

/** How a service says that it does not know one of the two ways to ask. */
const UNKNOWN_WAY_STATUSES: ReadonlySet<number> = new Set([404, 405]);

/**
 * Fetches a bearer token: with an identity token by a POST of OAuth 2, else by GET, as docker does; by the other way
 * where the service does not know the first. Redirects are not followed.
 *
 * @param request Where, for what, as whom.
 * @returns The token. It may allow less than was asked for.
 * @throws {PusherError} `AUTH_REQUIRED` or `AUTH_DENIED` if it is refused, `REGISTRY_UNSUPPORTED` if the realm is not to
 * be trusted or the answer not a token, and what the network throws.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 * @see https://distribution.github.io/distribution/spec/auth/oauth/
 */
export async function fetchToken(request: TokenRequest): Promise<Token> {
  const { registry, credentials, clock, scopes } = request;
  const askedAtMs = clock.now();
  const { asked, response } = await ask(waysToAsk(request), request.exchange);
  if (response.status !== 200) {
    throw await registryError(await redactedAnswer(response, secretsOf(credentials)), asked, {
      action: `log in to "${registry}"`,
      registry,
      repository: scopes[0]?.split(":").slice(1, -1).join(":"),
      hasCredentials: credentials !== undefined,
      nowMs: clock.now(),
    });
  }
  const token = await readTokenAnswer(response, askedAtMs);
  if (!token) throw unsupported(request, `its token service ${redactUrl(asked.url)} gave no token`);
  return token;
}

async function ask(
  [first, second]: WaysToAsk,
  exchange: Exchange,
): Promise<{ asked: RegistryRequest; response: Response }> {
  const response = await exchange(first);
  if (!second || !UNKNOWN_WAY_STATUSES.has(response.status)) return { asked: first, response };
  await discard(response);
  return { asked: second, response: await exchange(second) };
}

/** In the order in which they are tried. */
type WaysToAsk = readonly [first: RegistryRequest, second?: RegistryRequest];

function waysToAsk(request: TokenRequest): WaysToAsk {
  const { credentials } = request;
  const url = realmUrl(request);
  const get = byGet(request, url);
  if (!credentials || "registryToken" in credentials) return [get];
  if ("identityToken" in credentials) {
    const { identityToken } = credentials;
    return [byPost(request, url, { grant_type: "refresh_token", refresh_token: identityToken }), get];
  }
  const { username, password } = credentials;
  return [get, byPost(request, url, { grant_type: "password", username, password })];
}

function byGet({ credentials, challenge, scopes, signal }: TokenRequest, realm: URL): RegistryRequest {
  const url = new URL(realm);
  const { service } = challenge.parameters;
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (credentials && "password" in credentials) url.searchParams.set("account", credentials.username);
  const authorization = credentials && basicAuthorization(credentials);
  return { method: "GET", url, scopes: [], signal, ...(authorization ? { headers: { authorization } } : {}) };
}

function byPost(
  { challenge, scopes, signal }: TokenRequest,
  url: URL,
  grant: Record<string, string>,
): RegistryRequest {
  const { service } = challenge.parameters;
  const form = new URLSearchParams({
    ...grant,
    ...(service === undefined ? {} : { service }),
    client_id: CLIENT_ID,
    ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
  });
  return {
    method: "POST",
    url,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new TextEncoder().encode(form.toString()),
    scopes: [],
    signal,
  };
}

function realmUrl(request: TokenRequest): URL {
  const { realm = "" } = request.challenge.parameters;
  if (realm === "") throw unsupported(request, "it wants a token, but does not say where tokens come from");
  const url = URL.canParse(realm, request.registryUrl) ? new URL(realm, request.registryUrl) : undefined;
  const reason = url ? distrust(url, request.registryUrl) : "it is not a URL";
  if (!url || reason) throw unsupported(request, `its token service cannot be trusted, as ${reason}`);
  return url;
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
