import { createRegistryHandler } from "../../lib/server/registry_handler.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { answerBy } from "./registry/answer_by.ts";
import { type Fault, type FaultHandle, FaultList } from "./registry/fault.ts";
import { type Exchange, startHttpServer } from "./registry/http_server.ts";
import type { HttpAnswer } from "./registry/http_message.ts";
import { MemoryStore } from "./registry/memory_store.ts";
import { type Profile, type ProfileName, PROFILES } from "./registry/profiles.ts";
import { type AuthOptions, RegistryAuth } from "./registry/registry_auth.ts";
import type { Repository } from "./registry/repository.ts";
import { type LoggedRequest, logRequest } from "./registry/request_log.ts";
import { parseRoute, type RequestKind } from "./registry/routes.ts";

/** Blobs up to this size are kept even when bodies are discarded, so that configs can be read. */
const MAX_KEPT_BYTES = 2 ** 20;

/** What kind of registry. */
export interface TestRegistryOptions {
  /**
   * Which real registry it behaves like.
   *
   * @default {"spec"}
   */
  profile?: ProfileName;
  /**
   * Who may do what.
   *
   * @default {everybody may do everything}
   */
  auth?: AuthOptions;
  /** What goes wrong. */
  faults?: readonly Fault[];
  /** Speaks https with this certificate chain and key, in PEM. */
  tls?: { cert: string; key: string };
  /**
   * Whether blobs are kept, or over 1 MiB only hashed and counted, so that gigabytes can be pushed.
   *
   * @default {"memory"}
   */
  storage?: "memory" | "discard";
  /**
   * Time, for the expiry of tokens.
   *
   * @default {the real one}
   */
  clock?: Pick<Clock, "now">;
}

/** A registry in this process. */
export interface TestRegistry extends AsyncDisposable {
  /** For example `127.0.0.1:40123`. */
  readonly host: string;
  /** For example `http://127.0.0.1:40123`. */
  readonly origin: string;
  /** Every request since the start, in order of arrival. */
  readonly requests: readonly LoggedRequest[];
  /**
   * Waits until a request of a kind has arrived; it may have been answered since.
   *
   * @param kind The kind.
   * @param count How many must have arrived; one by default.
   */
  waitForRequest(kind: RequestKind, count?: number): Promise<LoggedRequest>;
  /** What the repository holds; it is created if need be. */
  repository(name: string): Repository;
  /** Lets something go wrong from now on. */
  addFault(fault: Fault): FaultHandle;
  /** Makes every token that was handed out worthless. */
  revokeTokens(): void;
}

/**
 * Starts the registry of `serve` on 127.0.0.1, on a free port, with a store in memory: by the letter of the
 * distribution spec, but for the quirks of its profile and the faults it is given.
 *
 * @param options What kind of registry.
 * @returns The registry; dispose it at the end of the test.
 *
 * @example A push that meets a broken connection in its second part
 * ```ts ignore
 * await using registry = await startTestRegistry({ profile: "distribution-2.8" });
 * registry.addFault({ on: "append", nth: 2, do: dropConnection({ afterBodyBytes: 1000 }) });
 * ```
 */
export function startTestRegistry(options: TestRegistryOptions = {}): TestRegistry {
  const { profile = "spec", storage = "memory", tls, faults = [], clock = Date } = options;
  const { quirks, auth: profileAuth }: Profile = PROFILES[profile];
  const store = new MemoryStore(storage === "memory" ? Infinity : MAX_KEPT_BYTES);
  const handler = createRegistryHandler(store);
  const auth = options.auth && new RegistryAuth({ ...profileAuth, ...options.auth }, () => clock.now());
  const faultList = new FaultList();
  for (const fault of [...quirks(), ...faults]) faultList.add(fault);
  const requests: LoggedRequest[] = [];
  const waiting: (() => void)[] = [];

  const answer = async (exchange: Exchange): Promise<HttpAnswer> => {
    const route = parseRoute(exchange.request);
    const entry = logRequest(exchange, route);
    requests.push(entry);
    for (const wake of waiting.splice(0)) wake();
    const refusal = auth?.refusal(exchange.request, route, origin);
    const serve = async (): Promise<HttpAnswer> => {
      if (auth && route.kind === "token") return await auth.answerToken(exchange.request);
      return refusal ?? await answerBy(handler, { ...exchange.request, path: route.path });
    };
    const session = store.find(route.repository)?.uploads.get(route.name);
    const registryExchange = Object.assign(exchange, { route, store, origin, session });
    // A request that is refused at the door does not count as a step of the client.
    const result = refusal && route.kind !== "ping"
      ? refusal
      : await faultList.answer(registryExchange, serve);
    entry.status = result.status;
    return result;
  };
  const server = startHttpServer(answer, { tls });
  const origin = `${tls ? "https" : "http"}://${server.host}`;

  return {
    host: server.host,
    origin,
    requests,
    async waitForRequest(kind, count = 1) {
      for (;;) {
        const found = requests.filter((request) => request.kind === kind)[count - 1];
        if (found) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    repository: (name) => store.get(name),
    addFault: (fault) => faultList.add(fault),
    revokeTokens: () => auth?.revokeTokens(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
