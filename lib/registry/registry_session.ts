import { isPusherError, PusherError } from "../errors.ts";
import { DOCKER_HUB } from "../spec/reference.ts";
import type { Clock } from "../util/clock.ts";
import { Authorizer } from "./auth/authorizer.ts";
import type { Credentials } from "../spec/credentials.ts";
import { basicAuthorization } from "./auth/basic_authorization.ts";
import { Connections, type ConnectionsOptions } from "./connection/connections.ts";
import { expectsTls, type HostSettings } from "./connection/host_settings.ts";
import { createHttpExchange } from "./connection/http_exchange.ts";
import type { Environment } from "../util/environment.ts";
import { followRedirects } from "./connection/redirects.ts";
import { registryError } from "./registry_error.ts";
import { discard, type Exchange, readCapped, type RegistryRequest } from "./registry_request.ts";
import { tlsError } from "./connection/tls_error.ts";
import { traced } from "./connection/trace.ts";
import { isLoopback } from "./connection/trusted_url.ts";

/** What {@linkcode connectRegistry} needs. */
export interface ConnectOptions {
  /** User and password; anonymous when absent. */
  credentials?: Credentials | undefined;
  /**
   * Says how to connect to the registry, and to the hosts that it points at.
   *
   * @default {as the names say}
   */
  settingsOf?: ConnectionsOptions["settingsOf"] | undefined;
  /**
   * Environment variables that name proxies.
   *
   * @default {those of the process, by the rules of Deno}
   */
  env?: Environment | undefined;
  /** Time. */
  clock: Clock;
  /** Told of every request and answer, redacted. */
  onTrace?: ((line: string) => void) | undefined;
  /** Ends the connection attempt. */
  signal: AbortSignal;
}

/** A registry that has answered: where requests go and how they are signed. */
export interface RegistrySession extends Disposable {
  /** As the user named it, for example `docker.io`. */
  readonly registry: string;
  /** Where it really is, for example `https://registry-1.docker.io/`. */
  readonly baseUrl: URL;
  /** Whether requests carry a user's credentials. */
  readonly hasCredentials: boolean;
  /** Whether it asked who we are. */
  readonly isChallenged: boolean;
  /** Time. */
  readonly clock: Clock;
  /** Sends a request, signed, redirects of reads followed. */
  readonly exchange: Exchange;
}

/**
 * Finds out where a registry is and how it wants to be asked, by `GET /v2/`.
 *
 * @param registry Host, with port if any.
 * @param options Credentials, TLS, time.
 * @returns The session; dispose it to close its connections.
 * @throws {PusherError} `NETWORK`, `TLS`, `TIMEOUT`, or `REGISTRY_UNSUPPORTED` if something else than a registry answers.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
 */
export async function connectRegistry(registry: string, options: ConnectOptions): Promise<RegistrySession> {
  const { credentials, clock, onTrace, signal } = options;
  const { settingsOf = (): HostSettings => ({}), env = (): undefined => undefined } = options;
  using resources = new DisposableStack();
  const connections = resources.use(new Connections({ settingsOf, env }));
  const http = createHttpExchange({ connections, clock });
  const exchange = onTrace ? traced(http, onTrace, clock) : http;
  const { baseUrl, response } = await firstAnswer(registry, exchange, { settingsOf, signal });
  const authorizer = new Authorizer({ registry, baseUrl, credentials, exchange, clock });
  const isChallenged = authorizer.learn(response);
  await requireRegistry(response, {
    registry,
    baseUrl,
    signal,
    hasCredentials: credentials !== undefined,
    clock,
  });
  const open = resources.move();
  return {
    registry,
    baseUrl,
    clock,
    hasCredentials: credentials !== undefined,
    isChallenged,
    exchange: followRedirects((request) => authorizer.send(request), baseUrl),
    [Symbol.dispose]: () => open.dispose(),
  };
}

/**
 * Checks that the registry accepts a user. Where it lets everybody in, the user is named all the same, so that a wrong
 * password can be refused.
 *
 * @param session A registry, connected with these credentials.
 * @param credentials Whom to check.
 * @param signal Ends the request.
 * @throws {PusherError} `AUTH_DENIED` if it does not.
 */
export async function checkCredentials(
  session: RegistrySession,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<void> {
  const authorization = session.isChallenged ? undefined : basicAuthorization(credentials);
  const headers: Record<string, string> = authorization ? { authorization } : {};
  const request = { ...ping(session.baseUrl, signal), headers };
  const response = await session.exchange(request);
  if (response.ok) return await discard(response);
  throw await registryError(response, request, {
    action: `log in to "${session.registry}"`,
    registry: session.registry,
    hasCredentials: true,
    nowMs: session.clock.now(),
  });
}

interface FirstAnswer {
  baseUrl: URL;
  response: Response;
}

async function firstAnswer(
  registry: string,
  exchange: Exchange,
  { settingsOf, signal }: Required<Pick<ConnectOptions, "signal">> & Pick<ConnectionsOptions, "settingsOf">,
): Promise<FirstAnswer> {
  const { host, hostname } = new URL(
    `https://${registry === DOCKER_HUB ? "registry-1.docker.io" : registry}/`,
  );
  const settings = await settingsOf(host);
  const ask = async (scheme: "http" | "https"): Promise<FirstAnswer> => {
    const baseUrl = new URL(`${scheme}://${host}/`);
    return { baseUrl, response: await exchange(ping(baseUrl, signal)) };
  };
  if (settings.plainHttp) return await ask("http");
  if (!isLoopback(hostname) || expectsTls(settings)) return await ask("https");
  // HTTP first on this machine: a TLS server answers it at once, with 400 or by hanging up.
  const plain = await ask("http").catch((error: unknown) => {
    if (!isPusherError(error, "NETWORK")) throw error;
  });
  if (plain && plain.response.status !== 400) return plain;
  if (plain) await discard(plain.response);
  return await ask("https");
}

function ping(baseUrl: URL, signal: AbortSignal): RegistryRequest {
  return { method: "GET", url: new URL("v2/", baseUrl), scopes: [], signal };
}

interface Answerer {
  registry: string;
  baseUrl: URL;
  signal: AbortSignal;
  hasCredentials: boolean;
  clock: Clock;
}

/** A web server that is not a registry often answers 200 or 404 with a page; registries answer 200, 401 or 403. */
async function requireRegistry(response: Response, answerer: Answerer): Promise<void> {
  const { status, headers } = response;
  const { registry, baseUrl, hasCredentials, clock, signal } = answerer;
  const isMarked = headers.has("docker-distribution-api-version");
  const isPage = headers.get("content-type")?.startsWith("text/html") ?? false;
  if (isMarked || !isPage && (status === 200 || status === 401 || status === 403)) {
    return await discard(response);
  }
  if (status === 401 && headers.has("www-authenticate")) return await discard(response);
  const request = ping(baseUrl, signal);
  if (status === 408 || status === 429 || status >= 500) {
    const action = `reach "${registry}"`;
    throw await registryError(response, request, { action, registry, hasCredentials, nowMs: clock.now() });
  }
  const { bytes } = await readCapped(response);
  const page = new TextDecoder().decode(bytes);
  // nginx looks at client certificates after the handshake, and says on a page what it thinks of them.
  const [text] = status === 400 ? /No required SSL certificate|SSL certificate error/.exec(page) ?? [] : [];
  const wanted = text && tlsError({ registry, request: "GET /v2/", text });
  if (wanted) throw wanted;
  throw new PusherError(
    "REGISTRY_UNSUPPORTED",
    `Cannot use "${registry}" as a registry: it answered ${status} to ${baseUrl.href}v2/, as a web server would`,
    {
      detail: { registry, request: "GET /v2/" },
      hint: "Check host and port; the registry may be under another name.",
    },
  );
}
