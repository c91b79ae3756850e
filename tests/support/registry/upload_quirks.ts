/** How registries differ from the spec, and from each other, in uploads. Each goes into the `do` of a fault. */

import { htmlPage, isSuccess, rewriteAnswer } from "./answer_faults.ts";
import type { Behaviour, RegistryExchange } from "./fault.ts";
import {
  answerHeader,
  ConnectionDropped,
  ConnectionLost,
  type HttpAnswer,
  withAnswerHeader,
} from "./http_message.ts";
import { errorAnswer } from "./registry_answer.ts";

/**
 * Puts the offset into every Location, as `_state`, and refuses a request that comes with an old one.
 *
 * @param onStale `forget` ends the upload with 404, as distribution 2.8 does on any request; `refuse` answers 416 to
 * all but the status request, as distribution 3 does.
 * @returns The behaviour, for all requests of an upload.
 */
export function keepStateInLocation(onStale: "forget" | "refuse"): Behaviour {
  return async (exchange, next) => {
    const { request, route, session } = exchange;
    const state = request.query.get("_state");
    if (session && state !== String(session.sizeBytes)) {
      if (onStale === "forget") {
        repositoryOf(exchange).uploads.delete(session.id);
        return errorAnswer(404, "BLOB_UPLOAD_INVALID");
      }
      if (route.kind !== "status") return errorAnswer(416, "RANGE_INVALID");
    }
    const answer = await next();
    const location = answerHeader(answer, "Location");
    const id = answerHeader(answer, "Docker-Upload-UUID");
    const upload = id === undefined ? undefined : repositoryOf(exchange).uploads.get(id);
    if (!location || !upload) return answer;
    return withAnswerHeader(answer, "Location", `${location}?_state=${upload.sizeBytes}`);
  };
}

/**
 * Forgets what came of a part whose connection was cut.
 *
 * @returns The behaviour, for `append`.
 */
export function undoCutPart(): Behaviour {
  return (exchange, next) => {
    const undo = exchange.session?.snapshot();
    return onCut(next, () => undo?.());
  };
}

/**
 * Ends an upload when the connection is cut within a part.
 *
 * @returns The behaviour, for `append`.
 */
export function forgetCutUpload(): Behaviour {
  return (exchange, next) => onCut(next, () => void loseSession(exchange));
}

/**
 * Ends the upload before the request is served.
 *
 * @param exchange A request of an upload.
 */
export function loseSession(exchange: RegistryExchange): void {
  repositoryOf(exchange).uploads.delete(exchange.route.name);
}

/**
 * Refuses request bodies over a limit before reading them, as proxies do.
 *
 * @param maxBytes The limit.
 * @returns The behaviour.
 */
export function limitBody(maxBytes: number): Behaviour {
  return ({ request }, next) =>
    contentLength(request.headers) > maxBytes ? htmlPage(413, "Request Entity Too Large") : next();
}

/**
 * Refuses parts with a Content-Range that are over a limit, before reading them.
 *
 * @param maxBytes The limit.
 * @returns The behaviour, for `append`.
 */
export function limitRangedPart(maxBytes: number): Behaviour {
  return ({ request }, next) => {
    if (!request.headers.has("content-range") || contentLength(request.headers) <= maxBytes) return next();
    const message = `request body too large, maximum is ${(maxBytes / 2 ** 20).toFixed(2)}MiB`;
    return errorAnswer(416, "BLOB_UPLOAD_INVALID", { message });
  };
}

/**
 * Refuses a part after one that was too small: only the last may be.
 *
 * @param minBytes The least that each but the last must have.
 * @param isAnnounced Whether answers carry `OCI-Chunk-Min-Length`.
 * @returns The behaviour, for `start-upload`, `append` and `commit`.
 */
export function wantLargeParts(minBytes: number, isAnnounced = true): Behaviour {
  const ended = new WeakSet<object>();
  return async ({ request, session, route }, next) => {
    const length = contentLength(request.headers);
    if (session && length > 0 && ended.has(session)) {
      return errorAnswer(416, "SIZE_INVALID", { message: `the part before was below ${minBytes} bytes` });
    }
    if (session && route.kind === "append" && length < minBytes) ended.add(session);
    const answer = await next();
    return isAnnounced && route.kind === "start-upload"
      ? withAnswerHeader(answer, "OCI-Chunk-Min-Length", String(minBytes))
      : answer;
  };
}

/**
 * Takes an upload in one body only.
 *
 * @returns The behaviour, for `append`.
 */
export function takeOneBody(): Behaviour {
  return ({ request, session }, next) => {
    if (!request.headers.has("content-range") && session?.sizeBytes === 0) return next();
    return errorAnswer(405, "UNSUPPORTED", { message: "chunked uploads are not supported" });
  };
}

/**
 * Takes content by PATCH only, as Artifactory once did.
 *
 * @returns The behaviour, for `commit`.
 */
export function takePartsOnly(): Behaviour {
  return ({ request }, next) =>
    contentLength(request.headers) > 0 ? errorAnswer(405, "UNSUPPORTED", { message: "use PATCH" }) : next();
}

/**
 * Wants the last bytes in the closing request.
 *
 * @returns The behaviour, for `commit`.
 */
export function wantBodyInCommit(): Behaviour {
  return ({ request, session }, next) =>
    contentLength(request.headers) === 0 && (session?.sizeBytes ?? 0) > 0
      ? errorAnswer(400, "BLOB_UPLOAD_INVALID", { message: "None of the provided layer digests match" })
      : next();
}

/**
 * Refuses bodies in chunked transfer encoding.
 *
 * @returns The behaviour.
 */
export function wantContentLength(): Behaviour {
  return ({ request }, next) =>
    request.headers.has("transfer-encoding") ? errorAnswer(411, "SIZE_INVALID") : next();
}

/**
 * Does not look at some header of the request.
 *
 * @param name The header.
 * @returns The behaviour.
 */
export function ignoreHeader(name: string): Behaviour {
  return (exchange, next) => {
    const headers = new Headers(exchange.request.headers);
    headers.delete(name);
    exchange.request = { ...exchange.request, headers };
    return next();
  };
}

/**
 * Does not look at some parameters of the query: `digest` makes a whole blob in a POST an ordinary session, `mount`
 * and `from` a mount likewise.
 *
 * @param names The parameters.
 * @returns The behaviour.
 */
export function ignoreQuery(...names: string[]): Behaviour {
  return (exchange, next) => {
    const query = new URLSearchParams(exchange.request.query);
    for (const name of names) query.delete(name);
    exchange.request = { ...exchange.request, query };
    return next();
  };
}

/**
 * Says for ever how far the first part went.
 *
 * @returns The behaviour, for `append` and `status`.
 */
export function staleRange(): Behaviour {
  const first = new WeakMap<object, string>();
  return async ({ session }, next) => {
    const answer = await next();
    if (!session || !isSuccess(answer)) return answer;
    const range = first.get(session) ?? answerHeader(answer, "Range") ?? "";
    if (session.sizeBytes > 0) first.set(session, range);
    return withAnswerHeader(answer, "Range", range);
  };
}

/**
 * Leaves Location and Range out of a 416.
 *
 * @returns The behaviour, for `append` and `commit`.
 */
export function bare416(): Behaviour {
  return rewriteAnswer((answer) => {
    if (answer.status !== 416) return answer;
    return withAnswerHeader(withAnswerHeader(answer, "Location", undefined), "Range", undefined);
  });
}

/**
 * Changes what is said of an upload that is still empty.
 *
 * @param value Instead of `0-0`; no `Range` at all when `undefined`.
 * @returns The behaviour, for `start-upload` and `status`.
 */
export function rangeOfEmpty(value: string | undefined): Behaviour {
  return async ({ session }, next) => {
    const answer = await next();
    const isEmpty = (session?.sizeBytes ?? 0) === 0 && answerHeader(answer, "Range") === "0-0";
    return isEmpty ? withAnswerHeader(answer, "Range", value) : answer;
  };
}

async function onCut(next: () => Promise<HttpAnswer>, action: () => void): Promise<HttpAnswer> {
  try {
    return await next();
  } catch (error) {
    if (error instanceof ConnectionLost || error instanceof ConnectionDropped) action();
    throw error;
  }
}

function contentLength(headers: Headers): number {
  return headers.has("transfer-encoding") ? Infinity : Number(headers.get("content-length") ?? 0);
}

function repositoryOf({ store, route }: RegistryExchange): ReturnType<typeof store.get> {
  return store.get(route.repository);
}
