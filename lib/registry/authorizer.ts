import type { Clock } from "../util/clock.ts";
import { SingleFlight } from "../util/single_flight.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { basicAuthorization, type Credentials } from "./credentials.ts";
import { discard, type Exchange, type RegistryRequest } from "./registry_request.ts";
import { fetchToken, type Token } from "./token_service.ts";
import { distrust } from "./trusted_url.ts";

/** What an {@linkcode Authorizer} works with. */
export interface AuthorizerOptions {
  /** The registry as the user named it. */
  registry: string;
  /** Its base URL: the only place credentials are sent to, besides a trusted token service. */
  baseUrl: URL;
  /** Anonymous when absent. */
  credentials: Credentials | undefined;
  /** Sends requests as they are. */
  exchange: Exchange;
  /** Time. */
  clock: Clock;
}

/**
 * Signs requests to one registry. It learns from the registry's challenge which way in there is, keeps tokens per scope,
 * renews them before they expire (so that a long upload is not cut by it), and replays a request once when it is
 * answered with 401.
 */
export class Authorizer {
  #options: AuthorizerOptions;
  /** How the registry wants to be asked; unknown until it challenged. */
  #challenge: Challenge | undefined;
  #tokens = new Map<string, Token>();
  #fetching = new SingleFlight<Token>();

  /** @param options Registry, credentials, connection. */
  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /**
   * Takes note of a challenge that came with an answer.
   *
   * @param response Any answer of the registry.
   * @returns Whether it holds a challenge that can be met.
   */
  learn(response: Response): boolean {
    const header = response.headers.get("www-authenticate");
    if (header === null) return false;
    const known = parseChallenges(header).filter(({ scheme }) => scheme === "bearer" || scheme === "basic");
    // Some offer a way in that leads nowhere beside one that works; if all do, the first says what is wrong.
    const challenge = known.find((challenge) => this.#isUsable(challenge)) ?? known[0];
    if (challenge) this.#challenge = challenge;
    return challenge !== undefined;
  }

  #isUsable({ scheme, parameters: { realm = "" } }: Challenge): boolean {
    const { baseUrl } = this.#options;
    if (scheme === "basic") return true;
    return realm !== "" && URL.canParse(realm, baseUrl) &&
      distrust(new URL(realm, baseUrl), baseUrl) === undefined;
  }

  /**
   * Sends a request as the user.
   *
   * @param request A request; signed only if it goes to the registry's own scheme, host and port.
   * @returns The answer: still a 401 if that is the registry's last word.
   */
  async send(request: RegistryRequest): Promise<Response> {
    const { exchange, baseUrl } = this.#options;
    if (request.url.origin !== baseUrl.origin) return await exchange(unsigned(request));
    const authorization = await this.#authorization(request);
    const response = await exchange(signed(request, authorization));
    if (response.status !== 401) return response;
    const canAnswer = this.learn(response) || this.#challenge !== undefined;
    if (!canAnswer) return response;
    if (authorization) this.#forget(request, authorization);
    const renewed = await this.#authorization(request).catch(async (error) => {
      await discard(response);
      throw error;
    });
    if (!renewed || renewed === authorization) return response;
    await discard(response);
    return await exchange(signed(request, renewed));
  }

  async #authorization(request: RegistryRequest): Promise<string | undefined> {
    const { credentials, clock } = this.#options;
    if (!this.#challenge) return undefined;
    if (this.#challenge.scheme === "basic") return credentials && basicAuthorization(credentials);
    const key = request.scopes.join(" ");
    let token = this.#tokens.get(key);
    if (!token || token.renewAtMs <= clock.now()) {
      token = await this.#fetching.do(key, () => this.#fetch(request, this.#challenge!));
      this.#tokens.set(key, token);
    }
    return `Bearer ${token.value}`;
  }

  #fetch(request: RegistryRequest, challenge: Challenge): Promise<Token> {
    const { registry, baseUrl, credentials, exchange, clock } = this.#options;
    const { scope } = challenge.parameters;
    const scopes = request.scopes.length > 0 || !scope ? request.scopes : [scope];
    const { signal } = request;
    return fetchToken({
      registry,
      registryUrl: baseUrl,
      challenge,
      scopes,
      credentials,
      exchange,
      clock,
      signal,
    });
  }

  /** Drops a token the registry has refused, unless another request has renewed it meanwhile. */
  #forget(request: RegistryRequest, authorization: string): void {
    const key = request.scopes.join(" ");
    if (`Bearer ${this.#tokens.get(key)?.value}` === authorization) this.#tokens.delete(key);
  }
}

function signed(request: RegistryRequest, authorization: string | undefined): RegistryRequest {
  return authorization ? { ...request, headers: { ...request.headers, authorization } } : request;
}

/** A redirect takes the headers along. */
function unsigned(request: RegistryRequest): RegistryRequest {
  const { authorization: _, ...headers } = request.headers ?? {};
  return { ...request, headers };
}
