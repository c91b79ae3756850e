/** What can go wrong with the connection. Each is something to put into the `do` of a fault. */

import { ConnectionLost } from "./http_message.ts";
import type { Behaviour, RegistryExchange } from "./fault.ts";

/** A moment in the life of a request. */
export type Moment =
  /** Before a byte of the body is read. */
  | "before-body"
  /** When the request was served and the answer would be sent. */
  | "before-answer"
  /** When so many bytes of the body were read and taken. */
  | { afterBodyBytes: number }
  /** When so many bytes of the answer were sent: of all of it, or of its body. */
  | { afterAnswerBytes: number; part?: "head" | "body" };

/**
 * Cuts the connection.
 *
 * @param moment When.
 * @returns The behaviour.
 */
export function dropConnection(moment: Moment): Behaviour {
  return interrupt(moment, (exchange) => exchange.drop());
}

/**
 * Goes silent, until the client leaves or the registry is disposed.
 *
 * @param moment When; an answer cannot stall half-way.
 * @returns The behaviour.
 */
export function stall(moment: Exclude<Moment, { afterAnswerBytes: number }>): Behaviour {
  return interrupt(moment, async (exchange) => {
    await exchange.serverClosed;
    exchange.drop();
  });
}

/**
 * Waits for a promise of the test.
 *
 * @param promise What to wait for.
 * @param moment When.
 * @returns The behaviour.
 */
export function waitFor(promise: Promise<unknown>, moment: "before-body" | "before-answer"): Behaviour {
  return async (exchange, next) => {
    if (moment === "before-body") await Promise.race([promise, exchange.serverClosed]);
    const answer = await next();
    if (moment === "before-answer") await Promise.race([promise, exchange.serverClosed]);
    return answer;
  };
}

/**
 * Reads bodies no faster than a slow link would bring them.
 *
 * @param bytesPerSecond How fast.
 * @returns The behaviour.
 */
export function slowDown(bytesPerSecond: number): Behaviour {
  return (exchange, next) => {
    exchange.request = { ...exchange.request, body: slowly(exchange.request.body, bytesPerSecond) };
    return next();
  };
}

/**
 * Does something to the registry before the request is served.
 *
 * @param action For example takes a blob away.
 * @returns The behaviour.
 */
export function meddle(action: (exchange: RegistryExchange) => void | Promise<void>): Behaviour {
  return async (exchange, next) => {
    await action(exchange);
    return next();
  };
}

function interrupt(
  moment: Moment,
  strike: (exchange: RegistryExchange) => void | Promise<void>,
): Behaviour {
  return async (exchange, next) => {
    if (moment === "before-body") await strike(exchange);
    if (typeof moment === "object" && "afterAnswerBytes" in moment) {
      exchange.cutAnswerAfter(moment.afterAnswerBytes, moment.part ?? "body");
    }
    if (typeof moment === "object" && "afterBodyBytes" in moment) {
      const body = cutBody(exchange.request.body, moment.afterBodyBytes, () => strike(exchange));
      exchange.request = { ...exchange.request, body };
    }
    const answer = await next();
    if (moment === "before-answer") await strike(exchange);
    return answer;
  };
}

async function* slowly(
  body: AsyncIterable<Uint8Array>,
  bytesPerSecond: number,
): AsyncGenerator<Uint8Array> {
  const startMs = performance.now();
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    const aheadMs = sizeBytes / bytesPerSecond * 1000 - (performance.now() - startMs);
    // Shorter waits would be rounded up.
    if (aheadMs >= 5) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    yield chunk;
  }
}

async function* cutBody(
  body: AsyncIterable<Uint8Array>,
  afterBytes: number,
  strike: () => void | Promise<void>,
): AsyncGenerator<Uint8Array> {
  let left = afterBytes;
  for await (const chunk of body) {
    const some = chunk.subarray(0, left);
    left -= some.length;
    if (some.length > 0) yield some;
    if (left > 0) continue;
    await strike();
    throw new ConnectionLost("the body was cut");
  }
}
