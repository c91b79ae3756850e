import type { Exchange, RegistryRequest } from "../../../lib/registry/registry_request.ts";
import type { RegistrySession } from "../../../lib/registry/registry_session.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** Answers requests without a network and takes note of them. */
export interface StubExchange {
  /** Sends to the stub. */
  readonly exchange: Exchange;
  /** What was asked, in order. */
  readonly requests: RegistryRequest[];
  /** How many answers nobody has read or let go of: each would hold a connection. */
  unread(): number;
}

/**
 * Makes an exchange of scripted answers.
 *
 * @param answer Gives the answer to the nth request, from 0.
 * @returns The exchange and what it has seen.
 */
export function stubExchange(
  answer: (request: RegistryRequest, nth: number) => Response | Promise<Response>,
): StubExchange {
  const requests: RegistryRequest[] = [];
  const responses: Response[] = [];
  return {
    requests,
    async exchange(request) {
      const nth = requests.push(request) - 1;
      const response = await answer(request, nth);
      responses.push(response);
      return response;
    },
    unread: () => responses.filter(({ body, bodyUsed }) => body !== null && !bodyUsed).length,
  };
}

/**
 * Makes an exchange that gives the same answers in turn, the last one again and again.
 *
 * @param answers Makes each answer.
 * @returns The exchange and what it has seen.
 */
export function answersInTurn(...answers: (() => Response)[]): StubExchange {
  return stubExchange((_request, nth) => answers[Math.min(nth, answers.length - 1)]!());
}

/**
 * Makes a session of a registry at `https://r.example/` over an exchange.
 *
 * @param exchange Answers its requests.
 * @param overrides What is different about it.
 * @returns The session.
 */
export function stubSession(exchange: Exchange, overrides: Partial<RegistrySession> = {}): RegistrySession {
  return {
    registry: "r.example",
    baseUrl: new URL("https://r.example/"),
    hasCredentials: true,
    isChallenged: true,
    clock: new FakeClock(),
    exchange,
    [Symbol.dispose]() {},
    ...overrides,
  };
}

/**
 * Makes a request.
 *
 * @param method HTTP method.
 * @param url Where it goes.
 * @param overrides What else it has.
 * @returns The request.
 */
export function request(
  method: RegistryRequest["method"],
  url: string,
  overrides: Partial<RegistryRequest> = {},
): RegistryRequest {
  return { method, url: new URL(url), scopes: [], signal: new AbortController().signal, ...overrides };
}
