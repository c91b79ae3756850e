import { isPusherError } from "../../errors.ts";
import type { Credentials } from "../../spec/credentials.ts";
import type { Clock } from "../../util/clock.ts";
import { SingleFlight } from "../../util/single_flight.ts";
import { basicAuthorization } from "./basic_authorization.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { redactedAnswer, secretsOf } from "../connection/redacted_answer.ts";
import { discard, type Exchange, type RegistryRequest } from "../registry_request.ts";
import type { Token } from "./token_answer.ts";
import { widenScopes } from "./token_scopes.ts";
import { fetchToken } from "./token_service.ts";
import { distrust } from "../connection/trusted_url.ts";

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
  #secrets: readonly string[];

  /** @param options Registry, credentials, connection. */
  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#secrets = secretsOf(options.credentials);
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
    const response = await this.#exchange(signed(request, authorization));
    if (response.status !== 401) return response;
    const canAnswer = this.learn(response) || this.#challenge !== undefined;
    if (!canAnswer) return response;
    if (authorization) this.#forget(request, authorization);
    const wanted = this.#challenge?.parameters["scope"];
    const renewed = await this.#authorization(request, wanted).catch(async (error) => {
      await discard(response);
      throw error;
    });
    if (!renewed || renewed === authorization) return response;
    await discard(response);
    return await this.#exchange(signed(request, renewed));
  }

  async #exchange(request: RegistryRequest): Promise<Response> {
    const sent = request.headers?.["authorization"]?.split(" ")[1];
    return await redactedAnswer(await this.#options.exchange(request), [sent, ...this.#secrets]);
  }

  async #authorization(request: RegistryRequest, wanted = ""): Promise<string | undefined> {
    const { credentials } = this.#options;
    if (!this.#challenge) return undefined;
    if (this.#challenge.scheme === "basic") return credentials && basicAuthorization(credentials);
    if (credentials && "registryToken" in credentials) return `Bearer ${credentials.registryToken}`;
    const { value } = await this.#token(request, wanted);
    return `Bearer ${value}`;
  }

  /** Kept by what the request is known to need; what the registry wants beyond that is asked for after its refusal. */
  async #token(request: RegistryRequest, wanted: string): Promise<Token> {
    const key = request.scopes.join(" ");
    const known = this.#tokens.get(key);
    if (known && known.renewAtMs > this.#options.clock.now()) return known;
    const scopes = widenScopes(request.scopes, wanted);
    let isOurs = false;
    try {
      const token = await this.#fetching.do(scopes.join(" "), () => {
        isOurs = true;
        return this.#fetch(request, scopes);
      });
      this.#tokens.set(key, token);
      return token;
    } catch (error) {
      // Whoever asked first may have left; that is no reason for the others.
      if (isOurs || request.signal.aborted || isPusherError(error)) throw error;
      return await this.#token(request, wanted);
    }
  }

  #fetch({ signal }: RegistryRequest, scopes: readonly string[]): Promise<Token> {
    const { registry, baseUrl, credentials, exchange, clock } = this.#options;
    const challenge = this.#challenge!;
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
