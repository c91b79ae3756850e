/** What can be wrong with an answer. Each is something to put into the `do` of a fault. */

import type { Behaviour, RegistryExchange } from "./fault.ts";
import { answerHeader, type HttpAnswer, withAnswerHeader } from "./http_message.ts";
import { errorAnswer } from "./registry_answer.ts";

/** When to answer a request whose body nobody wants. */
export interface AnswerTime {
  /**
   * How much of the body to read first; less than all of it makes the answer an early one, given while the client
   * still sends.
   *
   * @default {Infinity}
   */
  afterBodyBytes?: number;
  /**
   * Hangs up right after the answer without reading on, so that a client that still sends gets a reset, and perhaps
   * not the answer.
   *
   * @default {false}
   */
  isRude?: boolean;
}

/**
 * Answers in the registry's place; nothing of the request takes effect.
 *
 * @param answer The answer, or what makes it of the request.
 * @param time When.
 * @returns The behaviour.
 */
export function answerWith(
  answer: HttpAnswer | ((exchange: RegistryExchange) => HttpAnswer),
  { afterBodyBytes = Infinity, isRude = false }: AnswerTime = {},
): Behaviour {
  return async (exchange) => {
    let left = afterBodyBytes;
    if (left > 0) {
      for await (const chunk of exchange.request.body) if ((left -= chunk.length) <= 0) break;
    }
    if (isRude) exchange.closeAfterAnswer();
    return typeof answer === "function" ? answer(exchange) : answer;
  };
}

/**
 * Answers with an error of the spec in the registry's place.
 *
 * @param status HTTP status.
 * @param code For example `TOOMANYREQUESTS`.
 * @param options Message and headers, such as `Retry-After`; when to answer.
 * @returns The behaviour.
 */
export function refuse(
  status: number,
  code: string,
  { afterBodyBytes, isRude, ...options }:
    & { message?: string; detail?: unknown; headers?: HttpAnswer["headers"] }
    & AnswerTime = {},
): Behaviour {
  const time = { ...(afterBodyBytes === undefined ? {} : { afterBodyBytes }), isRude: isRude ?? false };
  return answerWith(errorAnswer(status, code, options), time);
}

/**
 * What a proxy in front of a registry says.
 *
 * @param status HTTP status.
 * @param title What went wrong, for example `Request Entity Too Large`.
 * @returns A page of HTML.
 */
export function htmlPage(status: number, title: string): HttpAnswer {
  const heading = `${status} ${title}`;
  return {
    status,
    headers: { "Content-Type": "text/html" },
    body:
      `<html><head><title>${heading}</title></head><body><center><h1>${heading}</h1></center></body></html>\n`,
  };
}

/**
 * Sends the client elsewhere.
 *
 * @param location Where; a URL, or what makes it of the request.
 * @param status HTTP status.
 * @returns The behaviour.
 */
export function redirectTo(
  location: string | ((exchange: RegistryExchange) => string),
  status = 307,
): Behaviour {
  return answerWith((exchange) => ({
    status,
    headers: { "Location": typeof location === "string" ? location : location(exchange) },
  }));
}

/**
 * Changes what the registry answers.
 *
 * @param change Gets the true answer, gives the false one.
 * @returns The behaviour.
 */
export function rewriteAnswer(
  change: (answer: HttpAnswer, exchange: RegistryExchange) => HttpAnswer,
): Behaviour {
  return async (exchange, next) => change(await next(), exchange);
}

/**
 * Replaces the status of answers that say yes.
 *
 * @param status The status.
 * @returns The behaviour.
 */
export function withStatus(status: number): Behaviour {
  return rewriteAnswer((answer) => isSuccess(answer) ? { ...answer, status } : answer);
}

/**
 * Replaces a header of answers that say yes.
 *
 * @param name The header.
 * @param value Its new value, or what makes it of the old one; removed when `undefined`.
 * @returns The behaviour.
 */
export function withHeader(
  name: string,
  value:
    | string
    | undefined
    | ((old: string | undefined, exchange: RegistryExchange) => string | undefined),
): Behaviour {
  return rewriteAnswer((answer, exchange) => {
    if (!isSuccess(answer)) return answer;
    const changed = typeof value === "function" ? value(answerHeader(answer, name), exchange) : value;
    return withAnswerHeader(answer, name, changed);
  });
}

/**
 * Says a blob is there, whether it is or not.
 *
 * @param sizeBytes The size to claim; no `Content-Length` when `undefined`.
 * @returns The behaviour.
 */
export function claimBlob(sizeBytes: number | undefined): Behaviour {
  return answerWith(({ route }) => ({
    status: 200,
    headers: {
      "Docker-Content-Digest": route.name,
      ...(sizeBytes === undefined ? {} : { "Content-Length": `${sizeBytes}` }),
    },
  }));
}

/**
 * Reads a part and says it was taken, but forgets it.
 *
 * @returns The behaviour.
 */
export function forgetPart(): Behaviour {
  return answerWith(({ request, receivedBytes, session }) => ({
    status: 202,
    headers: {
      "Location": `${request.path}?${request.query}`,
      "Range": `0-${(session?.sizeBytes ?? 0) + receivedBytes - 1}`,
    },
  }));
}

/**
 * Sets a cookie on every answer, and refuses requests that bring one back.
 *
 * @returns The behaviour.
 */
export function checkCsrfCookie(): Behaviour {
  return async ({ request }, next) => {
    const answer = request.headers.has("cookie")
      ? errorAnswer(403, "FORBIDDEN", { message: "CSRF token invalid" })
      : await next();
    return withAnswerHeader(answer, "Set-Cookie", ["sid=1f2e; Path=/; HttpOnly", "_gorilla_csrf=x; Path=/"]);
  };
}

/**
 * Whether an answer says yes.
 *
 * @param answer The answer.
 * @returns Whether its status is 2xx.
 */
export function isSuccess(answer: HttpAnswer): boolean {
  return answer.status >= 200 && answer.status < 300;
}
