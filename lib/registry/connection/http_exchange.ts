import { PusherError } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import type { StreamBody } from "../../util/stream_body.ts";
import { VERSION } from "../../version.ts";
import { connectionError, proxyRefusal } from "./connection_error.ts";
import type { Connection, Connections } from "./connections.ts";
import { type Exchange, readCapped, type RegistryRequest } from "../registry_request.ts";

/** Read at once where whoever reads brings no buffer. */
const DEFAULT_CHUNK_BYTES = 64 * 2 ** 10;
/** Longest time in which no byte of a body moves. */
const IDLE_TIMEOUT_MS = 60_000;
/** Longest wait for an answer to a request without a body. */
const ANSWER_TIMEOUT_MS = 60_000;
/** Longest wait for an answer once a body is sent: it may still be in the network's buffers, or being hashed. */
const BODY_ANSWER_TIMEOUT_MS = 300_000;

/** What {@linkcode createHttpExchange} needs. */
export interface HttpExchangeOptions {
  /** The way to each host. */
  connections: Pick<Connections, "to">;
  /** Time, for time-outs. */
  clock: Clock;
}

/**
 * The bottom of the stack: one request over HTTP/1.1, no cookies, no decompression, redirects not followed. A body
 * goes out with its `Content-Length`; when the answer comes before the body is through, sending stops and the
 * answer counts.
 *
 * @param options Connections and time.
 * @returns The exchange. It throws `NETWORK`, `TLS` or `TIMEOUT`, or what the body's stream threw.
 */
export function createHttpExchange(options: HttpExchangeOptions): Exchange {
  const { connections, clock } = options;
  /** Some links cut what carried much: once one broke under a body, each body has a connection of its own. */
  let isFragile = false;
  return async (request) => {
    const isStreamed = request.body !== undefined && !(request.body instanceof Uint8Array);
    const connection = await connections.to(request.url);
    const attempt = new AbortController();
    const watchdog = new Watchdog(request, attempt, clock);
    const body = request.body && prepareBody(request.body, () => watchdog.moved(), () => watchdog.sent());
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers: {
          "accept-encoding": "identity",
          "user-agent": `docker-image-pusher/${VERSION}`,
          ...(isFragile && isStreamed ? { connection: "close" } : {}),
          ...request.headers,
        },
        body: body?.init ?? null,
        redirect: "manual",
        credentials: "omit",
        signal: AbortSignal.any([request.signal, attempt.signal]),
        client: connection.client,
      });
      if (response.status === 407) {
        await response.body?.cancel();
        throw proxyRefusal(request, connection);
      }
      if (body && !body.isSent()) return await endEarly(response, attempt, watchdog);
      if (response.headers.get("content-length") === "0") return await withoutBody(response, watchdog);
      return watched(response, request, { watchdog, connection });
    } catch (error) {
      watchdog.stop();
      request.signal.throwIfAborted();
      const failure = body?.failure() ?? watchdog.failure();
      if (failure) throw failure;
      isFragile ||= isStreamed;
      throw connectionError(request, error, connection);
    }
  };
}

/** The answer to a body that was still on its way: it is kept, the rest of the body is not sent. */
async function endEarly(response: Response, attempt: AbortController, watchdog: Watchdog): Promise<Response> {
  const { bytes } = await readCapped(response);
  watchdog.stop();
  attempt.abort();
  return new Response(bytes.length > 0 ? bytes : null, {
    status: response.status,
    headers: response.headers,
  });
}

/** Most answers to uploads are empty; to read that would take a buffer of 64 KiB each, which is collected late. */
async function withoutBody(response: Response, watchdog: Watchdog): Promise<Response> {
  watchdog.stop();
  await response.body?.cancel();
  return new Response(null, { status: response.status, headers: response.headers });
}

/** The same answer, with the watchdog on duty until its body is read. */
function watched(
  response: Response,
  request: RegistryRequest,
  { watchdog, connection }: { watchdog: Watchdog; connection: Connection },
): Response {
  if (!response.body) {
    watchdog.stop();
    return response;
  }
  watchdog.rest();
  const { body } = response;
  const reading = async <T>(read: () => Promise<T>): Promise<T> => {
    watchdog.moved();
    try {
      return await read();
    } catch (error) {
      watchdog.stop();
      request.signal.throwIfAborted();
      throw watchdog.failure() ?? connectionError(request, error, connection);
    } finally {
      watchdog.rest();
    }
  };
  const reader = body.getReader({ mode: "byob" });
  const watchedBody = new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: DEFAULT_CHUNK_BYTES,
    async pull(controller) {
      // Whoever reads may bring a buffer; it is passed on, and comes back filled.
      const view = controller.byobRequest!.view as Uint8Array<ArrayBuffer>;
      const { value, done } = await reading(() => reader.read(view));
      if (done) {
        watchdog.stop();
        controller.close();
      }
      controller.byobRequest!.respondWithNewView(value!);
    },
    cancel(reason) {
      watchdog.stop();
      return reader.cancel(reason);
    },
  });
  return new Response(watchedBody, { status: response.status, headers: response.headers });
}

/** Ends a request whose bytes have stopped moving. One timer looks now and then: bytes only leave a note. */
class Watchdog {
  #request: RegistryRequest;
  #attempt: AbortController;
  #clock: Clock;
  #timeoutMs: number;
  #movedAtMs: number;
  #isResting = false;
  #timer: Disposable;
  #failure: PusherError | undefined;

  constructor(request: RegistryRequest, attempt: AbortController, clock: Clock) {
    this.#request = request;
    this.#attempt = attempt;
    this.#clock = clock;
    this.#timeoutMs = request.body ? IDLE_TIMEOUT_MS : answerTimeoutMs(request);
    this.#movedAtMs = clock.now();
    this.#timer = this.#lookAgain(this.#timeoutMs);
  }

  moved(): void {
    this.#isResting = false;
    this.#timeoutMs = IDLE_TIMEOUT_MS;
    this.#movedAtMs = this.#clock.now();
  }

  sent(): void {
    this.#timeoutMs = answerTimeoutMs(this.#request);
    this.#movedAtMs = this.#clock.now();
  }

  /** Whoever reads is busy elsewhere: it is not the registry that does not move. */
  rest(): void {
    this.#isResting = true;
  }

  stop(): void {
    this.#timer[Symbol.dispose]();
  }

  failure(): PusherError | undefined {
    return this.#failure;
  }

  #lookAgain(delayMs: number): Disposable {
    return this.#clock.timer(delayMs, () => {
      const quietMs = this.#isResting ? 0 : this.#clock.now() - this.#movedAtMs;
      const leftMs = this.#timeoutMs - quietMs;
      if (leftMs > 0) this.#timer = this.#lookAgain(leftMs);
      else this.#giveUp();
    });
  }

  #giveUp(): void {
    const { method, url } = this.#request;
    const what = `${method} ${url.pathname}`;
    const timeoutMs = this.#timeoutMs;
    this.#failure = new PusherError(
      "TIMEOUT",
      `Cannot reach "${url.host}": nothing moved for ${timeoutMs / 1000} s during ${what}`,
      {
        detail: { registry: url.host, request: what, timeoutMs },
        hint: "Check the link to the registry, and any proxy between.",
        retryable: true,
      },
    );
    this.#attempt.abort(this.#failure);
  }
}

function answerTimeoutMs({ body, answerTimeoutMs }: RegistryRequest): number {
  const isEmpty = !body || body instanceof Uint8Array && body.length === 0;
  return answerTimeoutMs ?? (isEmpty ? ANSWER_TIMEOUT_MS : BODY_ANSWER_TIMEOUT_MS);
}

interface PreparedBody {
  init: BodyInit;
  isSent(): boolean;
  failure(): unknown;
}

function prepareBody(body: Uint8Array | StreamBody, onMoved: () => void, onSent: () => void): PreparedBody {
  if (body instanceof Uint8Array) {
    onSent();
    return { init: body as Uint8Array<ArrayBuffer>, isSent: () => true, failure: () => undefined };
  }
  let failure: unknown;
  let leftBytes = body.sizeBytes;
  const open = (): ReadableStream<Uint8Array<ArrayBuffer>> => {
    const stream = body.open({
      onChunk(chunk) {
        leftBytes -= chunk.length;
        if (leftBytes === 0) onSent();
        else onMoved();
      },
      onFailure: (error) => void (failure = error),
    });
    return stream as ReadableStream<Uint8Array<ArrayBuffer>>;
  };
  return { init: new SizedBody(body.sizeBytes, open), isSent: () => leftBytes === 0, failure: () => failure };
}

/**
 * A stream that fetch sends with its length. Deno drops a caller's `Content-Length` for a stream
 * (https://github.com/denoland/deno/issues/20274) but asks a Blob for its size.
 */
class SizedBody extends Blob {
  #sizeBytes: number;
  #open: () => ReadableStream<Uint8Array<ArrayBuffer>>;

  constructor(sizeBytes: number, open: () => ReadableStream<Uint8Array<ArrayBuffer>>) {
    super();
    this.#sizeBytes = sizeBytes;
    this.#open = open;
  }

  override get size(): number {
    return this.#sizeBytes;
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#open();
  }
}
