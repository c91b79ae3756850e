import { type HttpAnswer, type HttpRequest, readBody } from "./http_message.ts";
import { errorAnswer, jsonAnswer } from "./registry_answer.ts";
import type { RequestKind, Route } from "./routes.ts";

/** What can be allowed in a repository. */
export type Action = "pull" | "push" | "delete";

/** Who may do what, and how they prove who they are. */
export interface AuthOptions {
  /** `basic` asks for the password every time; `bearer` sends clients to `/token` first. */
  type: "basic" | "bearer";
  /** Passwords by user. */
  users: Record<string, string>;
  /**
   * Whether a user (`undefined` for nobody in particular) may do something.
   *
   * @default {every known user may do everything, others nothing}
   */
  allows?: (user: string | undefined, repository: string, action: Action) => boolean;
  /**
   * How long tokens are good, in seconds; 0 leaves `expires_in` out, which means 60.
   *
   * @default {300}
   */
  tokenLifetimeSeconds?: number;
  /**
   * Where clients are sent for tokens.
   *
   * @default {/token of this registry}
   */
  realm?: string;
  /**
   * Changes the lines of `WWW-Authenticate`.
   *
   * @default {the one line offered}
   */
  challenge?: (offered: string, route: Route) => readonly string[];
  /**
   * HTTP status with which POST to the token endpoint is refused.
   *
   * @default {POST works}
   */
  refusePostWith?: number;
  /**
   * The only grant that is refused so.
   *
   * @default {all of them}
   */
  refusedGrant?: "password" | "refresh_token";
  /** Users by refresh (identity) token, beyond those that are handed out. */
  identityTokens?: Record<string, string>;
}

interface Token {
  user: string | undefined;
  /** `name action` pairs. */
  grants: Set<string>;
  expiresAtMs: number;
}

const NEEDED: Partial<Record<RequestKind, Action>> = {
  "head-blob": "pull",
  "get-blob": "pull",
  "head-manifest": "pull",
  "get-manifest": "pull",
  "list-tags": "pull",
  "referrers": "pull",
  "start-upload": "push",
  "mount": "push",
  "append": "push",
  "commit": "push",
  "status": "push",
  "put-manifest": "push",
  "cancel": "delete",
  "delete-blob": "delete",
  "delete-manifest": "delete",
};

/** The door of a registry: checks credentials, and hands out tokens. */
export class RegistryAuth {
  readonly #options: AuthOptions;
  readonly #now: () => number;
  readonly #tokens = new Map<string, Token>();
  readonly #refreshTokens: Map<string, string>;

  /**
   * Opens the door to some.
   *
   * @param options Who may do what.
   * @param now Milliseconds since 1970.
   */
  constructor(options: AuthOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
    this.#refreshTokens = new Map(Object.entries(options.identityTokens ?? {}));
  }

  /** Makes every token worthless. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  /**
   * Checks a request.
   *
   * @param request The request.
   * @param route What it is about.
   * @param origin For example `http://127.0.0.1:5000`.
   * @returns The refusal, or `undefined` if it may go on.
   */
  refusal(request: HttpRequest, route: Route, origin: string): HttpAnswer | undefined {
    if (route.kind === "token") return undefined;
    const needed = neededGrants(request, route);
    return this.#options.type === "basic"
      ? this.#refuseBasic(request, route, needed)
      : this.#refuseBearer(request, route, { needed, origin });
  }

  /**
   * Answers at the token endpoint.
   *
   * @param request A GET by the docker token spec, or a POST by OAuth 2.
   * @returns A token for what is allowed of what was asked for, or 401.
   * @see https://distribution.github.io/distribution/spec/auth/token/
   */
  async answerToken(request: HttpRequest): Promise<HttpAnswer> {
    const isPost = request.method === "POST";
    const body = isPost ? await readBody(request.body, 64 * 1024) : new Uint8Array();
    const form = isPost ? new URLSearchParams(new TextDecoder().decode(body)) : request.query;
    const { refusePostWith, refusedGrant = form.get("grant_type") } = this.#options;
    if (isPost && refusePostWith && form.get("grant_type") === refusedGrant) {
      return { status: refusePostWith };
    }
    const login = isPost ? this.#formLogin(form) : this.#basicLogin(request);
    if (!login.isGood) return jsonAnswer(401, { details: "incorrect username or password" });
    const scopes = form.getAll("scope").flatMap((scope) => scope.split(" "));
    const wantsRefresh = form.get("offline_token") === "true" || form.get("access_type") === "offline";
    return this.#issue(login.user, scopes, wantsRefresh);
  }

  #refuseBasic(request: HttpRequest, route: Route, needed: string[]): HttpAnswer | undefined {
    const { user, isGood } = this.#basicLogin(request);
    if (isGood && needed.every((grant) => this.#allows(user, grant))) {
      if (user !== undefined || needed.length > 0) return undefined;
    }
    if (isGood && user !== undefined) return errorAnswer(403, "DENIED");
    return this.#challenge('Basic realm="test registry"', route);
  }

  #refuseBearer(
    request: HttpRequest,
    route: Route,
    { needed, origin }: { needed: string[]; origin: string },
  ): HttpAnswer | undefined {
    const { scheme, value } = authorization(request);
    const token = scheme === "bearer" ? this.#tokens.get(value) : undefined;
    const isGood = token !== undefined && this.#now() < token.expiresAtMs;
    if (isGood && needed.every((grant) => token.grants.has(grant))) return undefined;
    const error = isGood ? "insufficient_scope" : "invalid_token";
    const parts = [`realm="${this.#options.realm ?? `${origin}/token`}"`, 'service="test-registry"'];
    if (needed.length > 0) parts.push(`scope="${formatScopes(needed)}"`);
    if (scheme === "bearer") parts.push(`error="${error}"`);
    return this.#challenge(`Bearer ${parts.join(",")}`, route);
  }

  #challenge(offered: string, route: Route): HttpAnswer {
    return errorAnswer(401, "UNAUTHORIZED", {
      message: "authentication required",
      headers: { "WWW-Authenticate": this.#options.challenge?.(offered, route) ?? offered },
    });
  }

  #basicLogin(request: HttpRequest): { user: string | undefined; isGood: boolean } {
    const { scheme, value } = authorization(request);
    if (scheme === "") return { user: undefined, isGood: true };
    const text = scheme === "basic" ? new TextDecoder().decode(Uint8Array.fromBase64(value)) : "";
    const colon = text.indexOf(":");
    return this.#passwordLogin(text.slice(0, Math.max(colon, 0)), text.slice(colon + 1));
  }

  #formLogin(form: URLSearchParams): { user: string | undefined; isGood: boolean } {
    if (form.get("grant_type") === "password") {
      return this.#passwordLogin(form.get("username") ?? "", form.get("password") ?? "");
    }
    const user = this.#refreshTokens.get(form.get("refresh_token") ?? "");
    return { user, isGood: user !== undefined };
  }

  #passwordLogin(user: string, password: string): { user: string; isGood: boolean } {
    return {
      user,
      isGood: Object.hasOwn(this.#options.users, user) && this.#options.users[user] === password,
    };
  }

  #issue(user: string | undefined, scopes: string[], wantsRefresh: boolean): HttpAnswer {
    const { tokenLifetimeSeconds = 300 } = this.#options;
    const asked = scopes.flatMap(parseScope);
    const grants = new Set(asked.filter((grant) => this.#allows(user, grant)));
    const token = `token-${crypto.randomUUID()}`;
    const now = this.#now();
    this.#tokens.set(token, { user, grants, expiresAtMs: now + (tokenLifetimeSeconds || 60) * 1000 });
    const refreshToken = wantsRefresh && user !== undefined ? `refresh-${crypto.randomUUID()}` : undefined;
    if (refreshToken) this.#refreshTokens.set(refreshToken, user!);
    return jsonAnswer(200, {
      token,
      access_token: token,
      issued_at: new Date(now).toISOString(),
      ...(tokenLifetimeSeconds === 0 ? {} : { expires_in: tokenLifetimeSeconds }),
      ...(refreshToken ? { refresh_token: refreshToken } : {}),
    });
  }

  #allows(user: string | undefined, grant: string): boolean {
    const [repository = "", action = ""] = grant.split(" ");
    if (this.#options.allows) return this.#options.allows(user, repository, action as Action);
    return user !== undefined;
  }
}

function authorization(request: HttpRequest): { scheme: string; value: string } {
  const [scheme = "", value = ""] = (request.headers.get("authorization") ?? "").split(" ");
  return { scheme: scheme.toLowerCase(), value };
}

function neededGrants(request: HttpRequest, { kind, repository }: Route): string[] {
  const action = NEEDED[kind];
  if (!action) return [];
  const grants = [`${repository} ${action}`];
  if (action === "push") grants.unshift(`${repository} pull`);
  const from = request.query.get("from");
  if (kind === "mount" && from !== null) grants.push(`${from} pull`);
  return grants;
}

/** `repository:team/app:pull,push` as `team/app pull` and `team/app push`; a name may hold colons. */
function parseScope(scope: string): string[] {
  const match = /^repository:(.+):([^:]*)$/.exec(scope);
  return match ? match[2]!.split(",").map((action) => `${match[1]} ${action}`) : [];
}

function formatScopes(grants: string[]): string {
  const actions = new Map<string, string[]>();
  for (const grant of grants) {
    const [repository = "", action = ""] = grant.split(" ");
    actions.set(repository, [...(actions.get(repository) ?? []), action]);
  }
  return [...actions].map(([repository, list]) => `repository:${repository}:${list.join(",")}`).join(" ");
}
