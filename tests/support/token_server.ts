import type { Certificate } from "./certificate.ts";
import type { HttpAnswer, HttpRequest } from "./registry/http_message.ts";
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
}

/** A server that a registry can send its clients to. */
export interface TokenServer extends AsyncDisposable {
  /** Its URL: the registry's `realm`. */
  readonly realm: string;
  /** What the tokens say their issuer is. */
  readonly issuer: string;
  /** How many tokens were asked for. */
  readonly requests: number;
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
  let requests = 0;
  const server = startHttpServer(({ request }) => {
    requests++;
    return answerToken(request, options);
  });
  return {
    realm: `http://${server.host}/token`,
    issuer: ISSUER,
    get requests() {
      return requests;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function answerToken(
  request: HttpRequest,
  { users, certificate, lifetimeSeconds = 300 }: TokenServerOptions,
): Promise<HttpAnswer> {
  const authorization = request.headers.get("authorization") ?? "";
  const [user = "", password] = atob(authorization.replace(/^basic */i, "")).split(":");
  const isKnown = Object.hasOwn(users, user) && users[user] === password;
  if (authorization !== "" && !isKnown) return jsonAnswer(401, { details: "incorrect username or password" });
  const scopes = request.query.getAll("scope").flatMap((scope) => scope.split(" "));
  const nowSeconds = Math.floor(Date.now() / 1000);
  const token = await sign(certificate, {
    iss: ISSUER,
    sub: user,
    aud: request.query.get("service") ?? "",
    iat: nowSeconds,
    nbf: nowSeconds - 10,
    exp: nowSeconds + lifetimeSeconds,
    jti: crypto.randomUUID(),
    access: isKnown ? scopes.flatMap(parseScope) : [],
  });
  return jsonAnswer(200, { token, expires_in: lifetimeSeconds });
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
