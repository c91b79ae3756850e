/**
 * A small HTTP/1.1 server over plain sockets. `Deno.serve` hides the connection; tests of a client need to cut it,
 * to answer before the body has come, and to see the bytes that were on the wire.
 *
 * @module
 */

import {
  concatBytes,
  ConnectionDropped,
  ConnectionLost,
  type HttpAnswer,
  type HttpRequest,
} from "./http_message.ts";
import { RequestBody } from "./request_body.ts";
import { SocketReader } from "./socket_reader.ts";

/** A body this short is read to its end even if nobody wants it, as Go's server does, to keep the connection. */
const MAX_DRAINED_BYTES = 256 * 1024;

/** One request on its connection. */
export interface Exchange {
  /** The request; whoever handles it may replace it for those that come after. */
  request: HttpRequest;
  /** The request line and headers as they were on the wire. */
  readonly rawHead: string;
  /** Body bytes read so far. */
  readonly receivedBytes: number;
  /** Resolves when the server ends: the way out of a stall. */
  readonly serverClosed: Promise<void>;
  /** Hangs up at once. */
  drop(): never;
  /** Hangs up after so many bytes of the answer: counted from its first byte, or from the first of its body. */
  cutAnswerAfter(bytes: number, part: "head" | "body"): void;
  /** Hangs up right after the answer, even if the client still sends and so may never read it. */
  closeAfterAnswer(): void;
}

/** Answers a request, or fails with {@linkcode ConnectionDropped} to hang up. */
export type ExchangeHandler = (exchange: Exchange) => Promise<HttpAnswer>;

/** How to listen. */
export interface HttpServerOptions {
  /** Speaks TLS with this certificate chain and key, in PEM. */
  tls?: { cert: string; key: string } | undefined;
}

/** A running server. */
export interface HttpServer extends AsyncDisposable {
  /** For example `127.0.0.1:40123`. */
  readonly host: string;
}

/**
 * Starts listening on 127.0.0.1, on a free port.
 *
 * @param handler Answers requests.
 * @param options How to listen.
 * @returns The server; disposing it cuts all connections and fails with what the handler failed with, if anything.
 */
export function startHttpServer(handler: ExchangeHandler, options: HttpServerOptions = {}): HttpServer {
  const address = { hostname: "127.0.0.1", port: 0 };
  const listener: Deno.Listener = options.tls
    ? Deno.listenTls({ ...address, ...options.tls, alpnProtocols: ["http/1.1"] })
    : Deno.listen(address);
  const connections = new Set<Deno.Conn>();
  const work = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const closed = Promise.withResolvers<void>();
  let isClosed = false;

  const accept = async (): Promise<void> => {
    while (!isClosed) {
      const conn = await listener.accept().catch(() => undefined);
      if (!conn) continue;
      connections.add(conn);
      if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
      const task = serveConnection(conn, handler, closed.promise)
        .catch((error) => void failures.push(error))
        .finally(() => {
          connections.delete(conn);
          close(conn);
          work.delete(task);
        });
      work.add(task);
    }
  };
  const accepting = accept();

  return {
    host: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      isClosed = true;
      listener.close();
      closed.resolve();
      for (const conn of connections) close(conn);
      await Promise.all([accepting, ...work]);
      if (failures.length > 0) throw new AggregateError(failures, `The test server failed: ${failures[0]}`);
    },
  };
}

async function serveConnection(
  conn: Deno.Conn,
  handler: ExchangeHandler,
  serverClosed: Promise<void>,
): Promise<void> {
  try {
    const reader = new SocketReader(conn);
    for (let head = await reader.readHead(); head !== undefined; head = await reader.readHead()) {
      if (!(await serveRequest(conn, reader, head, { handler, serverClosed }))) return;
    }
  } catch (error) {
    if (!(error instanceof ConnectionLost || error instanceof ConnectionDropped)) throw error;
  }
}

/** Returns whether the connection can be used again. */
async function serveRequest(
  conn: Deno.Conn,
  reader: SocketReader,
  rawHead: string,
  { handler, serverClosed }: { handler: ExchangeHandler; serverClosed: Promise<void> },
): Promise<boolean> {
  const head = parseHead(rawHead);
  if (!head) {
    await writeAll(conn, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return false;
  }
  const { request, isOld } = head;
  const body = new RequestBody(
    reader,
    request.headers,
    () => writeAll(conn, "HTTP/1.1 100 Continue\r\n\r\n"),
  );
  request.body = body;
  const isHead = request.method === "HEAD";
  const cut = { headBytes: Infinity, bodyBytes: Infinity };
  let isRude = false;
  const answer = await handler({
    request,
    rawHead,
    get receivedBytes() {
      return body.receivedBytes;
    },
    serverClosed,
    drop() {
      throw new ConnectionDropped("the server hung up");
    },
    cutAnswerAfter: (bytes, part) => void (cut[part === "head" ? "headBytes" : "bodyBytes"] = bytes),
    closeAfterAnswer: () => void (isRude = true),
  });
  const isRead = isRude ? body.isDone : await body.drain(MAX_DRAINED_BYTES);
  const { headBytes, parts, isTorn } = formatAnswer(answer, isHead, !isRead || isOld);
  const maxBytes = Math.min(cut.headBytes, headBytes.length + cut.bodyBytes);
  await writeUpTo(conn, joinSmall([headBytes, ...parts]), maxBytes);
  if (isRead) return !isTorn && !isRude && !isOld && request.headers.get("connection") !== "close";
  // The answer is out while the client still sends: a client that reads it must not find a reset instead.
  if (!isRude) {
    await conn.closeWrite().catch(() => {});
    await body.drain(Infinity);
  }
  return false;
}

function parseHead(rawHead: string): { request: HttpRequest; isOld: boolean } | undefined {
  const [requestLine = "", ...lines] = rawHead.split("\r\n");
  const [method = "", target = "", version = ""] = requestLine.split(" ");
  if (!target.startsWith("/") || !version.startsWith("HTTP/1.")) return undefined;
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const at = target.indexOf("?");
  const path = at < 0 ? target : target.slice(0, at);
  const query = new URLSearchParams(at < 0 ? "" : target.slice(at + 1));
  return { request: { method, path, query, headers, body: emptyBody() }, isOld: version === "HTTP/1.0" };
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

function formatAnswer(
  answer: HttpAnswer,
  isHead: boolean,
  isLast: boolean,
): { headBytes: Uint8Array; parts: readonly Uint8Array[]; isTorn: boolean } {
  const { body = [], status } = answer;
  const encoder = new TextEncoder();
  const parts = typeof body === "string"
    ? [encoder.encode(body)]
    : body instanceof Uint8Array
    ? [body]
    : body;
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const lines = [`HTTP/1.1 ${status} Test`];
  let statedBytes: number | undefined;
  for (const [name, values] of Object.entries(answer.headers ?? {})) {
    if (name.toLowerCase() === "content-length") statedBytes = Number(values);
    for (const value of typeof values === "string" ? [values] : values) lines.push(`${name}: ${value}`);
  }
  const isBodiless = status === 204 || status === 304 || (isHead && sizeBytes === 0);
  if (statedBytes === undefined && !isBodiless) lines.push(`Content-Length: ${sizeBytes}`);
  if (isLast) lines.push("Connection: close");
  return {
    headBytes: encoder.encode(`${lines.join("\r\n")}\r\n\r\n`),
    parts: isHead || isBodiless ? [] : parts,
    isTorn: !isHead && statedBytes !== undefined && statedBytes !== sizeBytes,
  };
}

/** A head and a body in two small writes would wait for each other: Nagle's algorithm against delayed acknowledgement. */
function joinSmall(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
  return sizeBytes <= MAX_DRAINED_BYTES ? [concatBytes(parts)] : parts;
}

async function writeUpTo(conn: Deno.Conn, parts: readonly Uint8Array[], maxBytes: number): Promise<void> {
  let left = maxBytes;
  for (const part of parts) {
    await writeAll(conn, part.subarray(0, left));
    left -= part.length;
    if (left < 0) throw new ConnectionDropped("the server hung up in the middle of its answer");
  }
}

async function writeAll(conn: Deno.Conn, data: Uint8Array | string): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  try {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  } catch (cause) {
    throw new ConnectionLost("the socket failed", { cause });
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already, by whoever came first.
  }
}
