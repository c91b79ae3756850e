import type { Clock } from "../util/clock.ts";
import { isDiskFull, systemReason } from "../util/system_reason.ts";
import { errorAnswer } from "./registry_answer.ts";
import type { RegistryHandler } from "./registry_handler.ts";
import { ClientGone } from "./request_chunks.ts";

const RELISTEN_MS = 1_000;

/** Where a service listens. */
export interface ListenAddress {
  /** Name or address of this machine, without brackets. */
  hostname: string;
  /** Port; 0 for one that is free. */
  port: number;
}

/** What a service needs. */
export interface HttpServiceOptions extends ListenAddress {
  /** Certificate chain and key in PEM; without TLS when absent. */
  tls?: { cert: string; key: string } | undefined;
  /** Told of what the handler throws. The client gets 500, or 507 where a disk is full, without a word of it. */
  onError?: ((error: unknown) => void) | undefined;
  /** Time. */
  clock: Clock;
}

/** A service that listens. */
export interface HttpService {
  /** Where it listens. */
  readonly address: ListenAddress;
  /** How many requests are being answered. */
  readonly underWay: number;
  /**
   * Takes no more requests, waits for those that are being answered, and then cuts them off.
   *
   * @param graceMs How long to wait.
   */
  stop(graceMs: number): Promise<void>;
}

/**
 * Serves HTTP, or HTTPS.
 *
 * @param handler Answers requests.
 * @param options Where, and how.
 * @returns The service, listening.
 * @throws What `Deno.serve` throws: `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`; for a bad certificate `InvalidData`.
 */
export function startHttpService(handler: RegistryHandler, options: HttpServiceOptions): HttpService {
  const { hostname, port, tls, onError, clock } = options;
  const cut = new AbortController();
  const { signal } = cut;
  const underWay = new Set<Promise<void>>();
  let isStopping = false;
  const answer = async (request: Request, { completed }: Deno.ServeHandlerInfo): Promise<Response> => {
    if (isStopping) return stopping();
    // Rejected if the client leaves before it has all of the answer.
    const delivered = completed.catch(() => {}).finally(() => underWay.delete(delivered));
    underWay.add(delivered);
    return await handler(request);
  };
  const failed = (error: unknown): Response => {
    if (!(error instanceof ClientGone)) onError?.(error);
    // Told apart, since clients try again later what fails for no reason.
    return error instanceof Error && isDiskFull(error.cause)
      ? errorAnswer(507, "UNKNOWN", { message: "the disk of the registry is full" })
      : errorAnswer(500, "UNKNOWN", { message: "the registry failed" });
  };
  const listen = (at: ListenAddress): Deno.HttpServer<Deno.NetAddr> =>
    Deno.serve({ ...at, ...tls, signal, onListen: () => {}, onError: failed }, answer);
  let server = listen({ hostname, port });
  const address: ListenAddress = { hostname: server.addr.hostname, port: server.addr.port };
  /** The system may refuse further connections, as when there are too many: that ends the listener, but passes. */
  const keepListening = async (): Promise<void> => {
    for (let isListening = true; !isStopping;) {
      try {
        if (!isListening) server = listen(address);
        isListening = true;
        return await server.finished;
      } catch (cause) {
        isListening = false;
        onError?.(new Error(`Cannot take connections for a moment: ${systemReason(cause)}`, { cause }));
        await clock.sleep(RELISTEN_MS, signal).catch(() => {});
      }
    }
  };
  const listening = keepListening();
  return {
    address,
    get underWay() {
      return underWay.size;
    },
    async stop(graceMs) {
      isStopping = true;
      const { promise: late, resolve } = Promise.withResolvers<void>();
      using _timer = clock.timer(graceMs, resolve);
      await Promise.race([late, Promise.all(underWay)]);
      // Once it shuts down in peace, it can no longer be cut off.
      if (underWay.size === 0) await server.shutdown();
      else cut.abort();
      await listening;
    },
  };
}

function stopping(): Response {
  return errorAnswer(503, "UNKNOWN", {
    message: "the registry is being stopped",
    headers: { "Connection": "close" },
  });
}
