import type { HttpAnswer } from "./http_message.ts";
import type { Exchange } from "./http_server.ts";
import type { MemoryStore } from "./memory_store.ts";
import type { RequestKind, Route } from "./routes.ts";
import type { UploadSession } from "./upload_session.ts";

/** One request at the test registry, with everything a fault may want to know or change. */
export interface RegistryExchange extends Exchange {
  /** What the request is about. */
  readonly route: Route;
  /** What the registry holds. */
  readonly store: MemoryStore;
  /** For example `http://127.0.0.1:5000`. */
  readonly origin: string;
  /** The upload the request is about, if it is about one that exists. */
  readonly session: UploadSession | undefined;
}

/**
 * Departs from the spec: does something before, after or instead of `next`, which is what the registry would do.
 * The same building block makes faults (struck a few times) and quirks (always there).
 */
export type Behaviour = (
  exchange: RegistryExchange,
  next: () => Promise<HttpAnswer>,
) => HttpAnswer | Promise<HttpAnswer>;

/** When to depart from the spec, and how. */
export interface Fault {
  /**
   * Which requests: of a kind or several kinds, or by method and path.
   *
   * @default {all}
   */
  on?: RequestKind | readonly RequestKind[] | { method?: string; path?: RegExp };
  /** Which of these: only where this holds. */
  when?: (exchange: RegistryExchange) => boolean;
  /**
   * The first of these that is struck, counted from 1. Requests refused for lack of credentials do not count.
   *
   * @default {1}
   */
  nth?: number;
  /**
   * How many are struck from there on.
   *
   * @default {1}
   */
  times?: number;
  /** What happens. */
  do: Behaviour;
}

/** A fault in place. */
export interface FaultHandle {
  /** How often it has struck. */
  readonly strikes: number;
  /** Takes it away. */
  remove(): void;
}

/** The faults of a registry. */
export class FaultList {
  readonly #faults = new Set<{ fault: Fault; matches: number; strikes: number }>();

  /**
   * Adds a fault. The one added last is the outermost: it sees what the others made of an answer.
   *
   * @param fault When and how.
   * @returns Counts it, and takes it away.
   */
  add(fault: Fault): FaultHandle {
    const entry = { fault, matches: 0, strikes: 0 };
    this.#faults.add(entry);
    return {
      get strikes() {
        return entry.strikes;
      },
      remove: () => void this.#faults.delete(entry),
    };
  }

  /**
   * Answers a request, with the faults that strike it around what would be done without them.
   *
   * @param exchange The request.
   * @param answer What would be done without them.
   * @returns The answer.
   */
  async answer(exchange: RegistryExchange, answer: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    let next = answer;
    for (const entry of this.#faults) {
      const { fault: { nth = 1, times = 1, do: behave }, fault } = entry;
      if (!matches(fault, exchange)) continue;
      entry.matches++;
      if (entry.matches < nth || entry.matches >= nth + times) continue;
      entry.strikes++;
      const inner = next;
      next = async () => await behave(exchange, inner);
    }
    return await next();
  }
}

function matches({ on, when }: Fault, exchange: RegistryExchange): boolean {
  return matchesRequest(on, exchange) && (when?.(exchange) ?? true);
}

function matchesRequest(on: Fault["on"], { request, route }: RegistryExchange): boolean {
  if (on === undefined) return true;
  if (typeof on === "string") return on === route.kind;
  if ("length" in on) return on.includes(route.kind);
  return (on.method === undefined || on.method === request.method) && (on.path?.test(request.path) ?? true);
}
