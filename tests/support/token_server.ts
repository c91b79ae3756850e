import type { Certificate } from "./certificate.ts";
import { type HttpAnswer, type HttpRequest, readBody } from "./registry/http_message.ts";
import { startHttpServer } from "./registry/http_server.ts";
import { jsonAnswer } from "./registry/registry_answer.ts";

/** Whom to give tokens, and what to sign them with. */
export interface TokenServerOptions {
  /** Passwords by user; all of them get all they ask for, strangers get nothing. */
  users: Record<string, string>;
  /** Signs the tokens. The registry must trust its issuer. */
  certificate: Certificate;
  /**
   * How long tokens are good, in seconds.
   *
   * @default {300}
   */
  lifetimeSeconds?: number;
  /**
   * Whether a user may do what was asked for.
   *
   * @default {every known user may do everything}
   */
  allows?: (user: string, action: string) => boolean;
}

/** A server that a registry can send its clients to. */
export interface TokenServer extends AsyncDisposable {
  /** Its URL: the registry's `realm`. */
  readonly realm: string;
  /** What the tokens say their issuer is. */
  readonly issuer: string;
  /** How many tokens were asked for. */
  readonly requests: number;
  /** How each was asked for: `password`, `refresh_token` or `anonymous`. */
  readonly grants: readonly string[];
}

interface Access {
  type: string;
  name: string;
  actions: string[];
}

const ISSUER = "test token server";

/**
 * Starts a token server on 127.0.0.1, on a free port. Its tokens are JSON web tokens that docker-registry checks.
 *
 * @param options Whom to give tokens.
 * @returns The server.
 * @see https://distribution.github.io/distribution/spec/auth/jwt/
 */
export function startTokenServer(options: TokenServerOptions): TokenServer {
  const grants: string[] = [];
  const refreshTokens = new Map<string, string>();
  const server = startHttpServer(async ({ request }) => {
    const asked = await readTokenRequest(request, { ...options, refreshTokens });
    grants.push(asked.grant);
    return await answerToken(asked, { ...options, refreshTokens });
  });
  return {
    realm: `http://${server.host}/token`,
    issuer: ISSUER,
    get requests() {
      return grants.length;
    },
    grants,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

interface TokenRequest {
  grant: "password" | "refresh_token" | "anonymous";
  /** Who asks; `undefined` if it is not them. */
  user: string | undefined;
  scopes: string[];
  service: string;
  /** Whether a refresh token is wanted beside the token. */
  isOffline: boolean;
}

interface Desk extends TokenServerOptions {
  /** Users by refresh token. */
  refreshTokens: Map<string, string>;
}

/** A GET of the docker token spec, or a POST of OAuth 2. */
async function readTokenRequest(request: HttpRequest, desk: Desk): Promise<TokenRequest> {
  const { users, refreshTokens } = desk;
  const login = (user: string, password: string): string | undefined =>
    Object.hasOwn(users, user) && users[user] === password ? user : undefined;
  const isPost = request.method === "POST";
  const form = isPost
    ? new URLSearchParams(new TextDecoder().decode(await readBody(request.body, 64 * 1024)))
    : request.query;
  const asked = {
    scopes: form.getAll("scope").flatMap((scope) => scope.split(" ")),
    service: form.get("service") ?? "",
    isOffline: form.get("offline_token") === "true" || form.get("access_type") === "offline",
  };
  if (form.get("grant_type") === "refresh_token") {
    return { ...asked, grant: "refresh_token", user: refreshTokens.get(form.get("refresh_token") ?? "") };
  }
  if (isPost) {
    const user = login(form.get("username") ?? "", form.get("password") ?? "");
    return { ...asked, grant: "password", user };
  }
  const authorization = request.headers.get("authorization") ?? "";
  if (authorization === "") return { ...asked, grant: "anonymous", user: undefined };
  const text = new TextDecoder().decode(Uint8Array.fromBase64(authorization.replace(/^basic */i, "")));
  const colon = text.indexOf(":");
  return { ...asked, grant: "password", user: login(text.slice(0, colon), text.slice(colon + 1)) };
}

async function answerToken(
  { grant, user, scopes, service, isOffline }: TokenRequest,
  { certificate, lifetimeSeconds = 300, allows = () => true, refreshTokens }: Desk,
): Promise<HttpAnswer> {
  if (grant !== "anonymous" && user === undefined) {
    return jsonAnswer(401, { details: "incorrect username or password" });
  }
  const nowSeconds = Math.floor(Date.now() / 1000);
  const grantTo = (user: string): Access[] =>
    scopes.flatMap(parseScope).map((access) => ({
      ...access,
      actions: access.actions.filter((action) => allows(user, action)),
    }));
  const token = await sign(certificate, {
    iss: ISSUER,
    sub: user ?? "",
    aud: service,
    iat: nowSeconds,
    nbf: nowSeconds - 10,
    exp: nowSeconds + lifetimeSeconds,
    jti: crypto.randomUUID(),
    access: user === undefined ? [] : grantTo(user),
  });
  const refreshToken = isOffline && user !== undefined ? `refresh-${crypto.randomUUID()}` : undefined;
  if (refreshToken) refreshTokens.set(refreshToken, user!);
  return jsonAnswer(200, {
    token,
    access_token: token,
    expires_in: lifetimeSeconds,
    ...(refreshToken ? { refresh_token: refreshToken } : {}),
  });
}

async function sign({ der, privateKey }: Certificate, claims: object): Promise<string> {
  const header = { typ: "JWT", alg: "ES256", x5c: [der.toBase64()] };
  const signed = `${encode(JSON.stringify(header))}.${encode(JSON.stringify(claims))}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, privateKey, new TextEncoder().encode(signed));
  return `${signed}.${encode(new Uint8Array(signature))}`;
}

function encode(content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function parseScope(scope: string): Access[] {
  const [, type, name, actions] = /^([^:]+):(.+):([^:]*)$/.exec(scope) ?? [];
  return type && name && actions ? [{ type, name, actions: actions.split(",") }] : [];
}
