import { PusherError, type RegistryAnswer } from "../errors.ts";
import { isDigest } from "../spec/digest.ts";
import { printable } from "../util/printable.ts";
import { parseChallenges } from "./auth/challenge.ts";
import { readCapped, type RegistryRequest } from "./registry_request.ts";

/** Statuses that may pass: the same request can succeed later. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([
  408,
  425,
  429,
  499,
  500,
  502,
  503,
  504,
  520,
  521,
  522,
  524,
]);

/** What takes the place of bytes that are no text. */
const REPLACEMENT_CHARACTER = "\ufffd";

const TRACE_HINT = "Run again with --debug to see each request.";

/** What a failed request was for, to say so. */
export interface RequestPurpose {
  /** Completes *Cannot …*, for example `push "r.example/app:1"`. */
  action: string;
  /** The registry as the user named it. */
  registry: string;
  /** The repository, if one was asked for. */
  repository?: string | undefined;
  /** Whether the requests carry a user's credentials. */
  hasCredentials: boolean;
  /** Time, for `Retry-After` dates, in milliseconds since 1970. */
  nowMs: number;
}

/**
 * Makes the error of an answer that is not the one hoped for. Reads the answer's body.
 *
 * @param response The answer.
 * @param request What was asked.
 * @param purpose What for.
 * @returns `AUTH_REQUIRED`, `AUTH_DENIED`, `REGISTRY_UNAVAILABLE` (retryable) or `REGISTRY_REJECTED`.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export async function registryError(
  response: Response,
  request: RegistryRequest,
  purpose: RequestPurpose,
): Promise<PusherError> {
  const { bytes } = await readCapped(response).catch(() => ({ bytes: new Uint8Array() }));
  const { errorCodes, unknownDigests, message } = readErrorBody(decode(bytes));
  const { status } = response;
  const { registry, repository } = purpose;
  const answer: RegistryAnswer = {
    registry,
    request: `${request.method} ${request.url.pathname}`,
    status,
    errorCodes,
    unknownDigests,
  };
  const said = [errorCodes.join(", "), message].filter((part) => part).join(": ");
  const text = `Cannot ${purpose.action}: the registry answered ${status}${
    said ? ` ${printable(said)}` : ""
  }`;
  const hint = isUnderprivileged(response) && purpose.hasCredentials
    ? `This login is known, but may not do that in "${
      repository ?? registry
    }": have it allowed there, or log in as another user.`
    : hintFor(status, errorCodes, purpose, request);
  if (status === 401 || status === 403) {
    const code = status === 401 && !purpose.hasCredentials ? "AUTH_REQUIRED" : "AUTH_DENIED";
    const detail = { registry, status, ...(repository === undefined ? {} : { repository }) };
    return new PusherError(code, text, { detail, hint });
  }
  if (TRANSIENT_STATUSES.has(status)) {
    const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), purpose.nowMs);
    const detail = { ...answer, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    const asked = retryAfterMs === undefined
      ? ""
      : ` It asks to wait ${Math.ceil(retryAfterMs / 1000)} seconds.`;
    return new PusherError("REGISTRY_UNAVAILABLE", text, {
      detail,
      hint: `${hint}${asked}`,
      retryable: true,
    });
  }
  return new PusherError("REGISTRY_REJECTED", text, { detail: answer, hint });
}

/**
 * Reads `Retry-After`: seconds or an HTTP date.
 *
 * @param header The header's value, or `null`.
 * @param nowMs Milliseconds since 1970.
 * @returns Milliseconds from now; `undefined` if absent, past or not understood.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  // `Date.parse` would find a date in nearly any text.
  const dateMs = text.endsWith(" GMT") ? Date.parse(text) : NaN;
  const delayMs = /^\d+$/.test(text) ? Number(text) * 1000 : dateMs - nowMs;
  return delayMs > 0 ? Math.min(delayMs, Number.MAX_SAFE_INTEGER) : undefined;
}

interface ErrorBody {
  errorCodes: string[];
  unknownDigests: string[];
  message: string;
}

/** Whether the registry took the token for good, but not for enough: the service grants what a user may, unasked. */
function isUnderprivileged(response: Response): boolean {
  const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
  return response.status === 401 &&
    challenges.some(({ parameters }) => parameters["error"] === "insufficient_scope");
}

/** The bytes may end within a character. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes, { stream: true });
}

/** Registries answer JSON of several shapes, proxies HTML, others nothing. */
function readErrorBody(text: string): ErrorBody {
  const json = tryJson(text);
  const errors = Array.isArray(json?.errors) ? json.errors.filter(isRecord).slice(0, 100) : [];
  if (errors.length > 0) {
    const codes = errors.map(({ code }) => textOf(code)).filter((code) => code).map((code) =>
      printable(code, 60)
    );
    return {
      errorCodes: [...new Set(codes)],
      unknownDigests: errors.map(({ detail }) => digestIn(detail)).filter((digest) => digest !== undefined),
      message: textOf(errors[0]?.message),
    };
  }
  if (json) {
    const message = textOf(json.message) || textOf(json.details) || textOf(json.error_description) ||
      textOf(json.error);
    return { errorCodes: [], unknownDigests: [], message };
  }
  const title = /<title>([^<]{1,200})/i.exec(text)?.[1];
  const isForPeople = !text.trimStart().startsWith("<") && !text.includes(REPLACEMENT_CHARACTER);
  const message = (title ?? (isForPeople ? text : "")).trim().slice(0, 200);
  return { errorCodes: [], unknownDigests: [], message };
}

/** distribution gives the digest itself as the detail, others an object that holds it. */
function digestIn(detail: unknown): string | undefined {
  const text = isRecord(detail) ? textOf(detail.digest) || textOf(detail.Digest) : textOf(detail);
  return isDigest(text) ? text : undefined;
}

function tryJson(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return isRecord(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function hintFor(
  status: number,
  errorCodes: readonly string[],
  purpose: RequestPurpose,
  request: RegistryRequest,
): string {
  const { registry, repository, hasCredentials } = purpose;
  const place = `"${repository ?? registry}"`;
  const login = `"docker-image-pusher login ${registry}"`;
  if (status === 401) {
    return hasCredentials
      ? `Check the user name and the password, and that this user has access to ${place}; --debug names where they come from.`
      : `Run ${login}, or give this command a user name and a password.`;
  }
  if (status === 403) {
    return hasCredentials
      ? `Check that this user may ${
        isRead(request) ? "read" : "write to"
      } ${place}, or run ${login} as another one.`
      : `Run ${login}: this registry does not allow it without a login.`;
  }
  if (status >= 500) {
    return "The registry has a problem: try again later, or look at its logs (a full disk is a usual cause).";
  }
  return isRead(request)
    ? readHint(status, { login, hasCredentials })
    : writeHint(status, { errorCodes, place, request });
}

function readHint(
  status: number,
  { login, hasCredentials }: { login: string; hasCredentials: boolean },
): string {
  if (status === 404) {
    return "The registry lacks what one of its manifests names: push the image there again.";
  }
  if (status === 429) {
    const limit = "The registry limits the rate of requests";
    return hasCredentials
      ? `${limit}: wait.`
      : `${limit}: wait, or run ${login}, since many allow users more.`;
  }
  return TRACE_HINT;
}

function writeHint(
  status: number,
  { errorCodes, place, request }: { errorCodes: readonly string[]; place: string; request: RegistryRequest },
): string {
  if (errorCodes.includes("TAG_INVALID") || status === 409 || status === 412) {
    return "The tag may be protected against being overwritten: push under another tag, or change the registry's rule.";
  }
  if (errorCodes.some((code) => code === "MANIFEST_BLOB_UNKNOWN" || code === "BLOB_UNKNOWN")) {
    return "The registry misses what it said it has: push again with --force, which sends every blob.";
  }
  switch (status) {
    case 404:
      return `Check that ${place} exists: some registries want projects and repositories made first.`;
    case 405:
      return "The registry does not take pushes: it may be read-only, or a mirror of another one.";
    case 413:
      return request.method === "PATCH" || request.method === "PUT" && request.body && !isManifest(request)
        ? "A proxy in front of the registry limits request bodies: lower --blob-chunk, or raise the proxy's limit."
        : "The registry limits the size of manifests.";
    case 416:
      return "The registry lost track of this upload: run the same command again, with --no-resume if that does not help.";
    case 429:
      return "The registry limits the rate of requests: wait, or lower --concurrency.";
  }
  return isManifest(request)
    ? "The registry does not accept this manifest: its logs may say more."
    : TRACE_HINT;
}

function isRead({ method }: RegistryRequest): boolean {
  return method === "GET" || method === "HEAD";
}

function isManifest(request: RegistryRequest): boolean {
  return /\/manifests\/[^/]+$/.test(request.url.pathname);
}
