import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { Connections } from "../../../../lib/registry/connection/connections.ts";
import { createHttpExchange } from "../../../../lib/registry/connection/http_exchange.ts";
import { discard, type Exchange, type RegistryRequest } from "../../../../lib/registry/registry_request.ts";
import type { StreamBody, StreamTap } from "../../../../lib/util/stream_body.ts";
import { createCertificateAuthority } from "../../../support/certificate.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { readBody } from "../../../support/registry/http_message.ts";
import {
  type ExchangeHandler,
  type HttpServerOptions,
  startHttpServer,
} from "../../../support/registry/http_server.ts";
import { seededBytes } from "../../../support/seeded_random.ts";
import { request } from "../stub_exchange.ts";

/** A client and a server on this machine that talk to each other. */
interface Line extends AsyncDisposable {
  /** Sends a request to the server. */
  send(
    method: RegistryRequest["method"],
    overrides?: Partial<RegistryRequest>,
    path?: string,
  ): ReturnType<Exchange>;
  readonly clock: FakeClock;
  readonly host: string;
}

function connect(handler: ExchangeHandler, options: HttpServerOptions & { scheme?: string } = {}): Line {
  const server = startHttpServer(handler, options);
  const connections = new Connections({ settingsOf: () => ({}), env: () => undefined });
  const clock = new FakeClock();
  const exchange = createHttpExchange({ connections, clock });
  const { scheme = "http" } = options;
  return {
    clock,
    host: server.host,
    send: (method, overrides, path = "v2/app?x=1") =>
      exchange(request(method, `${scheme}://${server.host}/${path}`, overrides)),
    async [Symbol.asyncDispose]() {
      connections[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A body that gives its bytes in pieces, with taps as ports.ts says. */
function streamed(
  bytes: Uint8Array,
  onPull: () => Promise<void> | void = () => {},
): StreamBody & { canceled: Promise<void> } {
  const { promise: canceled, resolve } = Promise.withResolvers<void>();
  return {
    sizeBytes: bytes.length,
    canceled,
    open(tap?: StreamTap): ReadableStream<Uint8Array> {
      let positionBytes = 0;
      return new ReadableStream({
        async pull(controller) {
          await onPull();
          const piece = bytes.slice(positionBytes, positionBytes + 2 ** 16);
          if (piece.length === 0) return controller.close();
          positionBytes += piece.length;
          tap?.onChunk(piece);
          controller.enqueue(piece);
        },
        cancel: () => resolve(),
      }, { highWaterMark: 0 });
    },
  };
}

/** Says when the server has a request, and answers none. */
function silent(): { handler: ExchangeHandler; asked: Promise<void> } {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  return {
    asked,
    async handler(exchange) {
      resolve();
      await exchange.serverClosed;
      return exchange.drop();
    },
  };
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => "it did not fail", (error) => error);

Deno.test("a request goes out as it is, and says who sends it", async () => {
  const heads: string[] = [];
  await using line = connect(({ rawHead }) => {
    heads.push(rawHead);
    return Promise.resolve({ status: 200, headers: { "Set-Cookie": "sid=1" }, body: "ok" });
  });
  for (let time = 0; time < 2; time++) {
    const response = await line.send(
      "GET",
      { headers: { range: "bytes=5-" } },
      "v2/a%2Fb/blobs?_state=x%2f+y&z",
    );
    assert.equal(await response.text(), "ok");
  }
  assert.match(heads[0]!, /^GET \/v2\/a%2Fb\/blobs\?_state=x%2f\+y&z HTTP\/1\.1\r\n/);
  assert.match(heads[0]!, /\r\nrange: bytes=5-\r\n/i);
  assert.match(heads[0]!, /\r\nuser-agent: docker-image-pusher\//i);
  assert.match(heads[0]!, /\r\naccept-encoding: identity\r\n/i);
  assert.doesNotMatch(heads[1]!, /\r\ncookie:/i, "a session cookie makes Harbor ask for a CSRF token");
});

Deno.test("a streamed body goes out with its length, unchanged", async () => {
  const bytes = seededBytes(1_000_003);
  let head = "";
  let received: Uint8Array | undefined;
  await using line = connect(async ({ rawHead, request }) => {
    head = rawHead;
    received = await readBody(request.body, 2e6);
    return { status: 202 };
  });
  const response = await line.send("PATCH", { body: streamed(bytes) });
  await discard(response);
  assert.equal(response.status, 202);
  assert.deepEqual(received, bytes);
  assert.match(head, /\r\ncontent-length: 1000003\r\n/i);
  assert.doesNotMatch(head, /transfer-encoding/i);
});

Deno.test("an empty body says that it is empty", async () => {
  let head = "";
  await using line = connect(({ rawHead }) => {
    head = rawHead;
    return Promise.resolve({ status: 202 });
  });
  await discard(await line.send("POST", { body: new Uint8Array() }));
  assert.match(head, /\r\ncontent-length: 0\r\n/i);
});

Deno.test("an answer is not unpacked, or its digest would be another", async () => {
  const packed = await new Response(new Blob(["content"]).stream().pipeThrough(new CompressionStream("gzip")))
    .bytes();
  await using line = connect(() =>
    Promise.resolve({ status: 200, headers: { "Content-Encoding": "gzip" }, body: packed })
  );
  const response = await line.send("GET");
  assert.deepEqual(await response.bytes(), packed);
});

Deno.test("a redirect is an answer like others", async () => {
  await using line = connect(() =>
    Promise.resolve({ status: 307, headers: { Location: "http://127.0.0.1:1/" }, body: "moved" })
  );
  const response = await line.send("GET");
  assert.equal(response.status, 307);
  assert.equal(response.headers.get("location"), "http://127.0.0.1:1/");
  assert.equal(await response.text(), "moved");
});

Deno.test("an answer that comes before the body is through counts, and ends the body", async () => {
  await using line = connect(() => Promise.resolve({ status: 413, body: "too large" }));
  const body = streamed(new Uint8Array(64 * 2 ** 20));
  const response = await line.send("PATCH", { body });
  assert.equal(response.status, 413);
  assert.equal(await response.text(), "too large");
  assert.equal(line.clock.pending, 0, "nothing waits any more");
  // The rest of the body is not sent.
  await body.canceled;
});

Deno.test("a body that fails is what the request fails with", async () => {
  const fault = new Error("the archive is damaged");
  await using line = connect(async ({ request }) => {
    await readBody(request.body, 1e6);
    return { status: 202 };
  });
  const body: StreamBody = {
    sizeBytes: 10,
    open: (tap) =>
      new ReadableStream({
        pull() {
          tap?.onFailure?.(fault);
          throw fault;
        },
      }, { highWaterMark: 0 }),
  };
  assert.equal(await failure(line.send("PATCH", { body })), fault);
});

Deno.test("a connection that breaks can be tried again, wherever it breaks", async () => {
  const moments: Record<string, ExchangeHandler> = {
    "before the answer": (exchange) => exchange.drop(),
    "in the answer's head": (exchange) => {
      exchange.cutAnswerAfter(5, "head");
      return Promise.resolve({ status: 200, body: "x".repeat(100) });
    },
    "in the answer's body": (exchange) => {
      exchange.cutAnswerAfter(5, "body");
      return Promise.resolve({ status: 200, body: "x".repeat(100) });
    },
  };
  for (const [moment, handler] of Object.entries(moments)) {
    await using line = connect(handler);
    const error = await failure(line.send("GET").then((response) => response.text()));
    assert.ok(isPusherError(error, "NETWORK"), `${moment}: ${error}`);
    assert.equal(error.retryable, true);
    assert.deepEqual(error.detail, { registry: line.host, request: "GET /v2/app" });
    assert.equal(line.clock.pending, 0);
  }
});

Deno.test("a port that fetch never connects to is not tried again", async () => {
  using connections = new Connections({ settingsOf: () => ({}), env: () => undefined });
  const exchange = createHttpExchange({ connections, clock: new FakeClock() });
  const error = await exchange(request("GET", "http://127.0.0.1:6000/v2/")).catch((error: unknown) => error);
  assert.ok(isPusherError(error, "NETWORK"));
  assert.equal(error.retryable, false);
  assert.match(error.message, /no HTTP client may use its port/);
});

Deno.test("a connection that breaks shows nothing of where an upload goes, which is secret", async () => {
  await using line = connect((exchange) => exchange.drop());
  const url = new URL(`http://${line.host}/v2/app/blobs/uploads/1?_state=s3cret`);
  const error = await failure(line.send("PATCH", { url, body: new Uint8Array(5) }));
  assert.ok(isPusherError(error, "NETWORK"), String(error));
  assert.doesNotMatch(Deno.inspect(error), /_state|s3cret/);
  assert.match(error.message, /the connection broke \(.*connection/);
});

Deno.test("a body has a connection of its own once one broke under another", async () => {
  const ways: (string | null)[] = [];
  await using line = connect(async (exchange) => {
    ways.push(exchange.request.headers.get("connection"));
    if (ways.length === 2) exchange.drop();
    await readBody(exchange.request.body, 1e6);
    return { status: 202 };
  });
  const body = streamed(new Uint8Array(10));
  const send = async (method: RegistryRequest["method"], rest: Partial<RegistryRequest>): Promise<void> =>
    void await line.send(method, rest).then((response) => response.text());
  await send("PATCH", { body });
  await failure(send("PATCH", { body }));
  await send("PATCH", { body });
  await send("GET", {});
  assert.deepEqual(ways, [null, null, "close", null]);
});

Deno.test("a port where nobody listens is refused", async () => {
  const line = connect(() => Promise.resolve({ status: 200 }));
  await line[Symbol.asyncDispose]();
  const connections = new Connections({ settingsOf: () => ({}), env: () => undefined });
  const exchange = createHttpExchange({ connections, clock: line.clock });
  const error = await failure(exchange(request("GET", `http://${line.host}/v2/`)));
  connections[Symbol.dispose]();
  assert.ok(isPusherError(error, "NETWORK"), String(error));
  assert.match(error.message, /refused/);
  assert.equal(error.retryable, true, "it may be starting");
});

Deno.test("a server without TLS, or with a certificate nobody knows, is told apart", async () => {
  await using plain = connect(() => Promise.resolve({ status: 200 }), { scheme: "https" });
  const noTls = await failure(plain.send("GET"));
  assert.ok(isPusherError(noTls, "TLS"), String(noTls));
  assert.match(noTls.hint ?? "", /--plain-http/);
  const tls = await (await createCertificateAuthority()).issue(["127.0.0.1"]);
  await using unknown = connect(() => Promise.resolve({ status: 200 }), { scheme: "https", tls });
  const untrusted = await failure(unknown.send("GET"));
  assert.ok(isPusherError(untrusted, "TLS"), String(untrusted));
  assert.match(untrusted.message, /unknown authority/);
  assert.equal(untrusted.retryable, false);
});

Deno.test("an aborted request ends with the signal's reason", async () => {
  const reason = new Error("stopped by the user");
  {
    const { handler, asked } = silent();
    await using line = connect(handler);
    const controller = new AbortController();
    const sending = failure(line.send("GET", { signal: controller.signal }));
    await asked;
    controller.abort(reason);
    assert.equal(await sending, reason, "while it waits");
    assert.equal(await failure(line.send("GET", { signal: controller.signal })), reason, "before it starts");
  }
  await using line = connect(() =>
    Promise.resolve({ status: 200, headers: { "Content-Length": "100" }, body: "x".repeat(50) })
  );
  const controller = new AbortController();
  const response = await line.send("GET", { signal: controller.signal });
  controller.abort(reason);
  assert.equal(await failure(response.text()), reason, "while the answer is read");
});

Deno.test("silence ends a request, but not before its time", async () => {
  const cases: [string, RegistryRequest["method"], Partial<RegistryRequest>, number][] = [
    ["a question", "GET", {}, 60_000],
    ["an upload that begins", "POST", { body: new Uint8Array() }, 60_000],
    ["a manifest", "PUT", { body: new Uint8Array(10) }, 300_000],
    ["a part", "PATCH", { body: streamed(new Uint8Array(10)) }, 300_000],
    ["an empty commit, which may be hashed first", "PUT", {
      body: new Uint8Array(),
      answerTimeoutMs: 900_000,
    }, 900_000],
    ["a commit", "PUT", { body: streamed(new Uint8Array(10)), answerTimeoutMs: 900_000 }, 900_000],
  ];
  for (const [what, method, overrides, timeoutMs] of cases) {
    const { handler, asked } = silent();
    await using line = connect(handler);
    const sending = failure(line.send(method, overrides));
    await asked;
    // Bodies are small: they are sent when the server has the request.
    await line.clock.advance(timeoutMs - 1);
    assert.equal(line.clock.pending, 1, `${what} still waits`);
    await line.clock.advance(1);
    const error = await sending;
    assert.ok(isPusherError(error, "TIMEOUT"), `${what}: ${error}`);
    assert.equal(error.detail.timeoutMs, timeoutMs);
    assert.equal(error.retryable, true);
    assert.equal(line.clock.pending, 0);
  }
});

Deno.test("a slow body has all the time it needs, as long as it moves", async () => {
  const { handler, asked } = silent();
  await using line = connect(async (exchange) => {
    await readBody(exchange.request.body, 1e6);
    return await handler(exchange);
  });
  const sending = failure(line.send("PATCH", {
    body: streamed(new Uint8Array(5 * 2 ** 16), () => line.clock.advance(50_000)),
  }));
  await asked;
  await line.clock.advance(299_999);
  assert.equal(line.clock.pending, 1, "the wait for the answer begins when everything is sent");
  await line.clock.advance(1);
  assert.ok(isPusherError(await sending, "TIMEOUT"));
});

Deno.test("a body that stops moving ends the request after a minute", async () => {
  const { promise: stalled, resolve } = Promise.withResolvers<void>();
  await using line = connect(async ({ request }) => {
    await readBody(request.body, 1e6).catch(() => {});
    return { status: 202 };
  });
  let pulls = 0;
  const sending = failure(line.send("PATCH", {
    body: streamed(new Uint8Array(5 * 2 ** 16), async () => {
      if (++pulls < 3) return;
      resolve();
      await new Promise(() => {});
    }),
  }));
  await stalled;
  await line.clock.advance(59_999);
  assert.equal(line.clock.pending, 1);
  await line.clock.advance(1);
  const error = await sending;
  assert.ok(isPusherError(error, "TIMEOUT"), String(error));
  assert.equal(error.detail.timeoutMs, 60_000);
});

Deno.test("an answer that stops in its middle ends the request after a minute", async () => {
  await using line = connect(() => Promise.resolve({ status: 200 }));
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    using conn = await listener.accept();
    await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
    await new Response(conn.readable).text().catch(() => {});
  })();
  const url = new URL(`http://127.0.0.1:${listener.addr.port}/`);
  const response = await line.send("GET", { url });
  const reader = response.body!.getReader();
  assert.equal((await reader.read()).value?.length, 3);
  const reading = failure(reader.read());
  await line.clock.advance(59_999);
  assert.equal(line.clock.pending, 1, "still waiting");
  await line.clock.advance(1);
  const error = await reading;
  assert.ok(isPusherError(error, "TIMEOUT"), String(error));
  assert.equal(error.detail.timeoutMs, 60_000);
  await answering;
});

Deno.test("an answer waits for whoever reads it, however long they take", async () => {
  const content = new Uint8Array(5 * 2 ** 16).fill(1);
  await using line = connect(() => Promise.resolve({ status: 200, body: content }));
  const response = await line.send("GET");
  await line.clock.advance(600_000);
  const reader = response.body!.getReader();
  const { value: first } = await reader.read();
  await line.clock.advance(600_000);
  let sizeBytes = first!.length;
  for (let next; (next = await reader.read()).value;) sizeBytes += next.value.length;
  assert.equal(sizeBytes, content.length);
});
