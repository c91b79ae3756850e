import { ByteCounter } from "./byte_counter.ts";
import { Pace } from "./pace.ts";
import { ConnectionLost } from "./registry/http_message.ts";
import { RequestBody } from "./registry/request_body.ts";
import { SocketReader } from "./registry/socket_reader.ts";
import type { TestRegistry } from "./test_registry.ts";

/** How long the end of a connection may take to be noticed. */
const GONE_WITHIN_MS = 5;

const BAD_GATEWAY = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/** A proxy that takes requests whole before it passes them on. */
export interface ThrottledProxy extends AsyncDisposable {
  /** For example `127.0.0.1:40123`. */
  readonly host: string;
  /** Body bytes that clients have sent. */
  readonly received: ByteCounter;
  /**
   * Stops when so many bytes have come: nothing more is taken, and nothing passed on.
   *
   * @param totalBytes How many, from the start of the proxy.
   * @returns The stop; disposing it lets everything go on.
   */
  stopAt(totalBytes: number): ProxyStop;
}

/** A moment at which a proxy holds its breath. */
export interface ProxyStop extends Disposable {
  /** Comes with the moment. */
  readonly reached: Promise<void>;
}

/**
 * Starts a proxy in front of a registry that buffers as nginx does unless told otherwise: a request that is cut never
 * reaches the registry, nor does one whose client is gone by the end of its body. One request a connection; the
 * registry sees the host that the client named, so its Locations lead here.
 *
 * @param registry What is behind it; 502 while it cannot be reached.
 * @param options How slow it is.
 * @param options.bytesPerSecond How fast bodies come through, all connections together.
 * @returns The proxy.
 * @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_request_buffering
 */
export function startThrottledProxy(
  registry: Pick<TestRegistry, "host">,
  { bytesPerSecond }: { bytesPerSecond: number },
): ThrottledProxy {
  const upstream = new URL(`http://${registry.host}`);
  const pace = new Pace(bytesPerSecond);
  const received = new ByteCounter();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const work = new Set<Promise<void>>();
  let stop: { atBytes: number; reach: () => void; passing: Promise<void> } | undefined;

  const serve = async (client: Deno.Conn): Promise<void> => {
    const reader = new SocketReader(client);
    const head = await reader.readHead();
    if (head === undefined) return;
    const parts: Uint8Array[] = [];
    for await (const chunk of new RequestBody(reader, headersOf(head), () => Promise.resolve())) {
      parts.push(chunk.slice());
      received.add(chunk.length);
      await pace.pass(chunk.length);
      if (!stop || received.totalBytes < stop.atBytes) continue;
      stop.reach();
      await stop.passing;
    }
    if (await isGone(client)) return;
    const answer = await passOn(head, parts, upstream).catch(() => [new TextEncoder().encode(BAD_GATEWAY)]);
    for (const part of answer) await writeAll(client, part);
  };
  const accepting = (async () => {
    for await (const client of listener) {
      open.add(client);
      const task = serve(client).catch(expectLoss).finally(() => {
        open.delete(client);
        close(client);
        work.delete(task);
      });
      work.add(task);
    }
  })();

  return {
    host: `127.0.0.1:${listener.addr.port}`,
    received,
    stopAt(totalBytes) {
      const { promise: passing, resolve: pass } = Promise.withResolvers<void>();
      const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
      stop = { atBytes: totalBytes, reach, passing };
      const goOn = (): void => {
        stop = undefined;
        pass();
      };
      return { reached, [Symbol.dispose]: goOn };
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const client of open) close(client);
      await Promise.all([accepting, ...work]);
    },
  };
}

/** A client that waits for its answer sends nothing; one that was killed has closed its connection. */
async function isGone(client: Deno.Conn): Promise<boolean> {
  const ended = client.read(new Uint8Array(1)).then(() => true, () => true);
  const { promise: waited, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), GONE_WITHIN_MS);
  const isEnded = await Promise.race([ended, waited]);
  clearTimeout(timer);
  return isEnded;
}

/** The answer as the registry gave it, to the last byte. */
async function passOn(head: string, parts: readonly Uint8Array[], upstream: URL): Promise<Uint8Array[]> {
  using conn = await Deno.connect({ hostname: upstream.hostname, port: Number(upstream.port) });
  const closing = head.replace(/^connection:.*\r\n/im, "").trimEnd();
  await writeAll(conn, new TextEncoder().encode(`${closing}\r\nConnection: close\r\n\r\n`));
  for (const part of parts) await writeAll(conn, part);
  const answer: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * 1024);
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    answer.push(buffer.slice(0, count));
  }
  if (answer.length === 0) throw new ConnectionLost("the registry hung up");
  return answer;
}

function headersOf(head: string): Headers {
  const headers = new Headers();
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** Clients are killed here all the time. */
function expectLoss(error: unknown): void {
  const isLoss = error instanceof ConnectionLost || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
  if (!isLoss) throw error;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already, by whoever came first.
  }
}
