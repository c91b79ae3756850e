import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { Authorizer, type AuthorizerOptions } from "../../../../lib/registry/auth/authorizer.ts";
import type { RegistryRequest } from "../../../../lib/registry/registry_request.ts";
import type { StreamBody } from "../../../../lib/util/stream_body.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { request, type StubExchange, stubExchange } from "../stub_exchange.ts";

const BEARER = 'Bearer realm="https://auth.example/token",service="r.example"';
const BLOB = "https://r.example/v2/app/blobs/sha256:1";
const PUSH = { scopes: ["repository:app:pull,push"] };
const ALICE = { username: "alice", password: "pw" };

function unauthorized(challenge: string | undefined = BEARER): Response {
  return new Response('{"errors":[{"code":"UNAUTHORIZED"}]}', {
    status: 401,
    headers: challenge ? { "www-authenticate": challenge } : {},
  });
}

/** A registry that takes the newest token of its token service only; each lives 300 s. */
class BearerRegistry {
  issued = 0;
  readonly stub: StubExchange;

  constructor(accepts: (request: RegistryRequest, newest: string) => boolean = isSignedBy) {
    this.stub = stubExchange((request) => {
      if (request.url.host === "auth.example") {
        return Response.json({ token: `t${++this.issued}`, expires_in: 300 });
      }
      return accepts(request, `t${this.issued}`) ? new Response("ok") : unauthorized();
    });
  }

  /** What was sent to the registry itself. */
  get asked(): RegistryRequest[] {
    return this.stub.requests.filter(({ url }) => url.host === "r.example");
  }
}

function isSignedBy(request: RegistryRequest, token: string): boolean {
  return request.headers?.["authorization"] === `Bearer ${token}`;
}

function authorizer(
  { exchange }: Pick<StubExchange, "exchange">,
  overrides: Partial<AuthorizerOptions> = {},
): Authorizer {
  return new Authorizer({
    registry: "r.example",
    baseUrl: new URL("https://r.example/"),
    credentials: ALICE,
    clock: new FakeClock(),
    exchange,
    ...overrides,
  });
}

const authorizations = (requests: readonly RegistryRequest[]): (string | undefined)[] =>
  requests.map(({ headers }) => headers?.["authorization"]);

Deno.test("Authorizer sends nothing about the user to a registry that does not ask", async () => {
  const stub = stubExchange(() => new Response("ok"));
  const sender = authorizer(stub);
  assert.equal(sender.learn(new Response("{}")), false);
  await sender.send(request("GET", BLOB, PUSH));
  assert.deepEqual(authorizations(stub.requests), [undefined]);
});

Deno.test("learn() takes the first way in that can be gone", () => {
  const cases: [string | undefined, boolean][] = [
    [undefined, false],
    ["Negotiate", false],
    ["Digest realm=x", false],
    ["@@@", false],
    ["Negotiate, Basic realm=x", true],
    [BEARER, true],
    ["BASIC", true],
  ];
  for (const [challenge, canAnswer] of cases) {
    const sender = authorizer(stubExchange(() => new Response()));
    const headers: HeadersInit = challenge ? { "www-authenticate": challenge } : {};
    assert.equal(sender.learn(new Response("", { headers })), canAnswer, String(challenge));
  }
});

Deno.test("Authorizer signs with Basic where the registry asks for it, and takes a no for a no", async () => {
  const stub = stubExchange(() => unauthorized("Basic"));
  const sender = authorizer(stub);
  sender.learn(unauthorized("Basic"));
  const response = await sender.send(request("GET", BLOB, PUSH));
  assert.equal(response.status, 401);
  assert.deepEqual(
    authorizations(stub.requests),
    ["Basic YWxpY2U6cHc="],
    "the same password is not sent twice",
  );
  assert.match(await response.text(), /UNAUTHORIZED/);
});

Deno.test("Authorizer fetches one token for requests that start together", async () => {
  const registry = new BearerRegistry();
  const sender = authorizer(registry.stub);
  sender.learn(unauthorized());
  const responses = await Promise.all(
    Array.from({ length: 10 }, () => sender.send(request("HEAD", BLOB, PUSH))),
  );
  assert.ok(responses.every(({ ok }) => ok));
  assert.equal(registry.issued, 1);
  assert.equal(registry.asked.length, 10);
  await sender.send(request("HEAD", BLOB, PUSH));
  assert.equal(registry.issued, 1, "and keeps it");
});

Deno.test("Authorizer fetches one token again for requests that are refused together", async () => {
  const registry = new BearerRegistry();
  const sender = authorizer(registry.stub);
  sender.learn(unauthorized());
  await sender.send(request("HEAD", BLOB, PUSH));
  registry.issued++; // Revokes the token.
  const responses = await Promise.all(
    Array.from({ length: 10 }, () => sender.send(request("HEAD", BLOB, PUSH))),
  );
  assert.ok(responses.every(({ ok }) => ok));
  assert.equal(registry.issued, 3);
});

Deno.test("Authorizer keeps the tokens of different scopes apart", async () => {
  const registry = new BearerRegistry(() => true);
  const sender = authorizer(registry.stub);
  sender.learn(unauthorized());
  for (const name of ["a", "b", "a"]) {
    await sender.send(request("HEAD", BLOB, { scopes: [`repository:${name}:pull,push`] }));
  }
  assert.deepEqual(authorizations(registry.asked), ["Bearer t1", "Bearer t2", "Bearer t1"]);
});

Deno.test("Authorizer asks for what the registry wants where the request does not know, once it was refused", async () => {
  const catalog = `${BEARER},scope="registry:catalog:*"`;
  const registry = new BearerRegistry();
  const sender = authorizer(
    stubExchange(async (asked) => {
      const response = await registry.stub.exchange(asked);
      return response.status === 401 ? unauthorized(catalog) : response;
    }),
  );
  // GitHub's answer to a ping names a repository that only stands for one.
  sender.learn(unauthorized(`${BEARER},scope="repository:user/image:pull"`));
  await sender.send(request("GET", BLOB));
  registry.issued++; // Revokes the token.
  await sender.send(request("GET", BLOB));
  const tokens = registry.stub.requests.filter(({ url }) => url.host === "auth.example");
  assert.deepEqual(tokens.map(({ url }) => url.searchParams.getAll("scope")), [[], ["registry:catalog:*"]]);
});

Deno.test("Authorizer renews a token before it expires", async () => {
  const clock = new FakeClock();
  const registry = new BearerRegistry(() => true);
  const sender = authorizer(registry.stub, { clock });
  sender.learn(unauthorized());
  for (const waitMs of [0, 269_999, 1, 0]) {
    await clock.advance(waitMs);
    await sender.send(request("HEAD", BLOB, PUSH));
  }
  assert.deepEqual(authorizations(registry.asked), ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]);
});

Deno.test("Authorizer learns how to ask from a real answer when the ping did not say", async () => {
  const registry = new BearerRegistry();
  const response = await authorizer(registry.stub).send(request("HEAD", BLOB, PUSH));
  assert.equal(response.status, 200);
  assert.deepEqual(authorizations(registry.asked), [undefined, "Bearer t1"]);
});

Deno.test("Authorizer uses the ping's challenge when a refusal brings none, as Google's does", async () => {
  const registry = new BearerRegistry();
  const withoutChallenge = stubExchange(async (asked) => {
    const response = await registry.stub.exchange(asked);
    return response.status === 401 ? unauthorized("") : response;
  });
  const sender = authorizer(withoutChallenge);
  sender.learn(unauthorized());
  await sender.send(request("HEAD", BLOB, PUSH));
  registry.issued++;
  assert.equal((await sender.send(request("HEAD", BLOB, PUSH))).status, 200);
});

Deno.test("Authorizer replays a refused request once, and then takes the answer", async () => {
  for (const challenge of [BEARER, `${BEARER},error="insufficient_scope",scope="repository:app:delete"`]) {
    let issued = 0;
    const stub = stubExchange(({ url }) =>
      url.host === "auth.example" ? Response.json({ token: `t${++issued}` }) : unauthorized(challenge)
    );
    const sender = authorizer(stub);
    sender.learn(unauthorized());
    const response = await sender.send(request("DELETE", BLOB, PUSH));
    assert.equal(response.status, 401);
    assert.match(await response.text(), /UNAUTHORIZED/, "its words are there to be read");
    assert.equal(stub.requests.filter(({ url }) => url.host === "r.example").length, 2);
    assert.equal(issued, 2);
    assert.equal(stub.unread(), 0);
  }
});

Deno.test("Authorizer does not replay with a token that was refused already", async () => {
  const stub = stubExchange(({ url }) =>
    url.host === "auth.example" ? Response.json({ token: "same" }) : unauthorized()
  );
  const sender = authorizer(stub);
  sender.learn(unauthorized());
  assert.equal((await sender.send(request("HEAD", BLOB, PUSH))).status, 401);
  assert.equal(stub.requests.filter(({ url }) => url.host === "r.example").length, 1);
});

Deno.test("Authorizer gives the refusal back when it has no answer to the challenge", async () => {
  for (const [challenge, credentials] of [["Negotiate", ALICE], ["", ALICE], ["Basic", undefined]] as const) {
    const stub = stubExchange(() => unauthorized(challenge));
    const response = await authorizer(stub, { credentials }).send(request("GET", BLOB, PUSH));
    assert.match(await response.text(), /UNAUTHORIZED/);
    assert.equal(stub.requests.length, 1);
  }
});

Deno.test("Authorizer opens a body again to replay it", async () => {
  const received: string[] = [];
  const registry = new BearerRegistry();
  const reading = stubExchange(async (asked) => {
    if (asked.body) {
      const body = asked.body as StreamBody;
      received.push(await new Response(body.open() as ReadableStream<Uint8Array<ArrayBuffer>>).text());
    }
    return await registry.stub.exchange(asked);
  });
  const body: StreamBody = { sizeBytes: 7, open: () => new Blob(["content"]).stream() };
  const response = await authorizer(reading).send(request("PATCH", BLOB, { ...PUSH, body }));
  assert.equal(response.status, 200);
  assert.deepEqual(received, ["content", "content"]);
});

Deno.test("Authorizer signs nothing that goes to another scheme, host or port", async () => {
  const urls = [
    "https://storage.example/blob",
    "https://r.example:8443/v2/",
    "http://r.example/v2/",
    "https://r.example.evil.example/",
    "https://sub.r.example/",
  ];
  for (const url of urls) {
    for (const challenge of [BEARER, "Basic"]) {
      const stub = stubExchange(() => unauthorized(BEARER));
      const sender = authorizer(stub);
      sender.learn(unauthorized(challenge));
      const headers = { authorization: "Basic SECRET", accept: "x" };
      assert.equal((await sender.send(request("GET", url, { ...PUSH, headers }))).status, 401);
      assert.equal(stub.requests.length, 1, "a stranger's challenge is not answered");
      assert.deepEqual(stub.requests[0]!.headers, { accept: "x" }, url);
    }
  }
});

Deno.test("Authorizer lets go of a refused answer when the token service fails", async () => {
  const stub = stubExchange(({ url }) =>
    url.host === "auth.example" ? new Response("no", { status: 403 }) : unauthorized()
  );
  const failure = await authorizer(stub).send(request("GET", BLOB, PUSH)).catch((error) => error);
  assert.ok(isPusherError(failure, "AUTH_DENIED"), String(failure));
  assert.equal(stub.unread(), 0, "its connection would stay open");
});

Deno.test("Authorizer tries the token service again after it failed", async () => {
  let isDown = true;
  const stub = stubExchange(({ url }) => {
    if (url.host !== "auth.example") return new Response("ok");
    return isDown ? new Response("", { status: 503 }) : Response.json({ token: "t" });
  });
  const sender = authorizer(stub);
  sender.learn(unauthorized());
  await assert.rejects(sender.send(request("GET", BLOB, PUSH)));
  isDown = false;
  assert.equal((await sender.send(request("GET", BLOB, PUSH))).status, 200);
});

Deno.test("Authorizer passes by a way in that leads nowhere if there is another", async () => {
  const stub = stubExchange(() => new Response("ok"));
  const sender = authorizer(stub);
  const challenge = 'Bearer realm="null://r.example/v2/token", Basic realm="r.example"';
  assert.equal(sender.learn(unauthorized(challenge)), true);
  await sender.send(request("GET", BLOB, PUSH));
  assert.equal(authorizations(stub.requests)[0], `Basic ${btoa("alice:pw")}`);
});

Deno.test("Authorizer asks for what a refusal wanted besides, after what the request needs by itself", async () => {
  const wanted = `${BEARER},error="insufficient_scope",scope="repository:app:pull repository:app:delete"`;
  const registry = new BearerRegistry();
  const sender = authorizer(
    stubExchange(async (asked) => {
      const response = await registry.stub.exchange(asked);
      const isWide = registry.issued > 1;
      return asked.url.host === "auth.example" || isWide ? response : unauthorized(wanted);
    }),
  );
  sender.learn(unauthorized());
  assert.equal((await sender.send(request("DELETE", BLOB, PUSH))).status, 200);
  const tokens = registry.stub.requests.filter(({ url }) => url.host === "auth.example");
  assert.deepEqual(tokens.map(({ url }) => url.searchParams.getAll("scope")), [
    ["repository:app:pull,push"],
    ["repository:app:pull,push", "repository:app:delete"],
  ]);
  assert.equal((await sender.send(request("DELETE", BLOB, PUSH))).status, 200);
  assert.equal(registry.issued, 2, "and keeps the wider token");
});

Deno.test("Authorizer sends a registry token as it is, to the registry only, and does not renew it", async () => {
  const credentials = { registryToken: "ready" };
  const stub = stubExchange(({ headers }) =>
    headers?.["authorization"] ? new Response("ok") : unauthorized()
  );
  assert.equal((await authorizer(stub, { credentials }).send(request("GET", BLOB, PUSH))).status, 200);
  assert.deepEqual(authorizations(stub.requests), [undefined, "Bearer ready"]);

  const refusing = stubExchange(() => unauthorized());
  assert.equal((await authorizer(refusing, { credentials }).send(request("GET", BLOB, PUSH))).status, 401);
  assert.equal(refusing.requests.length, 2);

  const basic = stubExchange(() => unauthorized("Basic"));
  assert.equal((await authorizer(basic, { credentials }).send(request("GET", BLOB, PUSH))).status, 401);
  assert.deepEqual(authorizations(basic.requests), [undefined], "a token is no password");
});

Deno.test("Authorizer fetches a token for those who stay when the one who asked first leaves", async () => {
  const leaving = new AbortController();
  let asked = 0;
  const stub = stubExchange(({ url, signal }) => {
    if (url.host !== "auth.example") return new Response("ok");
    if (++asked > 1) return Response.json({ token: "t" });
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  const sender = authorizer(stub);
  sender.learn(unauthorized());
  const first = sender.send(request("GET", BLOB, { ...PUSH, signal: leaving.signal }));
  const others = [1, 2].map(() => sender.send(request("GET", BLOB, PUSH)));
  leaving.abort();
  await assert.rejects(first, { name: "AbortError" });
  for (const other of others) assert.equal((await other).status, 200);
  assert.equal(asked, 2);
});

Deno.test("Authorizer takes what it sent out of what a registry says about it", async () => {
  for (const [challenge, secret] of [["Basic", "alice:long password"], [BEARER, "t-SECRET"]] as const) {
    const stub = stubExchange(({ url, headers }) => {
      if (url.host === "auth.example") return Response.json({ token: "t-SECRET" });
      return new Response(`who is ${headers?.["authorization"]}? long password!`, { status: 403 });
    });
    const sender = authorizer(stub, { credentials: { username: "alice", password: "long password" } });
    sender.learn(unauthorized(challenge));
    const text = await (await sender.send(request("GET", BLOB, PUSH))).text();
    assert.match(text, /^who is (Basic|Bearer) \[redacted\]\? \[redacted\]!$/);
    assert.ok(!text.includes(secret));
  }
});
