import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { Authorizer } from "../../../../lib/registry/auth/authorizer.ts";
import { followRedirects } from "../../../../lib/registry/connection/redirects.ts";
import type { Exchange } from "../../../../lib/registry/registry_request.ts";
import { checkCredentials } from "../../../../lib/registry/registry_session.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { request, type StubExchange, stubExchange, stubSession } from "../stub_exchange.ts";

const REGISTRY = new URL("https://r.example/");
const BLOB = "https://r.example/v2/app/blobs/sha256:1";
const ALICE = { username: "alice", password: "pw" };

const redirect = (location: string, status = 307): Response =>
  new Response("moved", { status, headers: { location } });

/** Redirects as this table says, and gives everything else. */
function redirecting(table: Record<string, string>): StubExchange {
  return stubExchange(({ url }) => {
    const location = table[url.href];
    return location === undefined ? new Response("content") : redirect(location);
  });
}

/** As a session stacks them: redirects followed around a signing exchange. */
function signedAndFollowed({ exchange }: StubExchange): Exchange {
  const clock = new FakeClock();
  const authorizer = new Authorizer({
    registry: "r.example",
    baseUrl: REGISTRY,
    credentials: ALICE,
    exchange,
    clock,
  });
  authorizer.learn(new Response("", { headers: { "www-authenticate": "Basic" } }));
  return followRedirects((each) => authorizer.send(each), REGISTRY);
}

Deno.test("followRedirects() follows reads of every status to where the content is", async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ["GET", "HEAD"] as const) {
      const stub = stubExchange((_request, nth) =>
        nth === 0 ? redirect("https://cdn.example/x?sig=1", status) : new Response("content")
      );
      const response = await followRedirects(stub.exchange, REGISTRY)(request(method, BLOB));
      assert.equal(response.status, 200);
      assert.deepEqual(stub.requests.map(({ method, url }) => `${method} ${url}`), [
        `${method} ${BLOB}`,
        `${method} https://cdn.example/x?sig=1`,
      ]);
      await response.body?.cancel();
      assert.equal(stub.unread(), 0);
    }
  }
});

Deno.test("followRedirects() resolves a relative location against where it was found", async () => {
  const stub = redirecting({
    [BLOB]: "https://cdn.example/a/b?x=1",
    "https://cdn.example/a/b?x=1": "../c?y=2",
  });
  await followRedirects(stub.exchange, REGISTRY)(request("GET", BLOB));
  assert.equal(stub.requests[2]!.url.href, "https://cdn.example/c?y=2");
});

Deno.test("followRedirects() leaves the user at the registry, and takes the other headers along", async () => {
  const home = "https://r.example/v2/other";
  const stub = redirecting({ [BLOB]: "https://cdn.example/x", "https://cdn.example/x": home });
  await signedAndFollowed(stub)(request("GET", BLOB, { headers: { range: "bytes=5-" } }));
  const [first, elsewhere, back] = stub.requests.map(({ headers }) => headers);
  assert.equal(first?.["authorization"], "Basic YWxpY2U6cHc=");
  assert.deepEqual(elsewhere, { range: "bytes=5-" });
  assert.equal(back?.["authorization"], "Basic YWxpY2U6cHc=", "signed again, being home");
});

Deno.test("followRedirects() answers no challenge of another host", async () => {
  const stub = stubExchange(({ url }) =>
    url.host === "r.example" ? redirect("https://cdn.example/x") : new Response("no", {
      status: 401,
      headers: { "www-authenticate": "Basic" },
    })
  );
  const response = await signedAndFollowed(stub)(request("GET", BLOB));
  assert.equal(response.status, 401);
  assert.equal(stub.requests.length, 2);
});

Deno.test("checkCredentials() gives the password to the registry only, wherever it sends us", async () => {
  const stub = redirecting({ "https://r.example/v2/": "https://evil.example/v2/" });
  const clock = new FakeClock();
  const authorizer = new Authorizer({
    registry: "r.example",
    baseUrl: REGISTRY,
    credentials: ALICE,
    exchange: stub.exchange,
    clock,
  });
  const exchange = followRedirects((each) => authorizer.send(each), REGISTRY);
  await checkCredentials(stubSession(exchange, { isChallenged: false }), ALICE, new AbortController().signal);
  assert.deepEqual(stub.requests.map(({ url, headers }) => [url.host, headers?.["authorization"]]), [
    ["r.example", "Basic YWxpY2U6cHc="],
    ["evil.example", undefined],
  ]);
});

Deno.test("followRedirects() does not send a write anywhere else", async () => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
    const stub = redirecting({ [BLOB]: "https://cdn.example/x" });
    const response = await followRedirects(stub.exchange, REGISTRY)(request(method, BLOB));
    assert.equal(response.status, 307);
    assert.equal(await response.text(), "moved");
    assert.equal(stub.requests.length, 1);
  }
});

Deno.test("followRedirects() gives back what is no redirect", async () => {
  for (
    const [status, headers] of [[307, {}], [304, { location: "/x" }], [201, { location: "/x" }]] as const
  ) {
    const stub = stubExchange(() => new Response(null, { status, headers }));
    const response = await followRedirects(stub.exchange, REGISTRY)(request("GET", BLOB));
    assert.equal(response.status, status);
    assert.equal(stub.requests.length, 1);
  }
});

Deno.test("followRedirects() ends a chain that does not", async () => {
  const loop = stubExchange(() => redirect(BLOB));
  const chain = stubExchange((_request, nth) => redirect(`/${nth}`));
  for (const stub of [loop, chain]) {
    await assert.rejects(followRedirects(stub.exchange, REGISTRY)(request("GET", BLOB)), (error) => {
      assert.ok(isPusherError(error, "REGISTRY_UNSUPPORTED"));
      return true;
    });
    assert.equal(stub.requests.length, 11);
    assert.equal(stub.unread(), 0);
  }
});

Deno.test("followRedirects() follows the longest chain allowed", async () => {
  const stub = stubExchange((_request, nth) => nth < 10 ? redirect(`/${nth}`) : new Response("content"));
  assert.equal(
    await (await followRedirects(stub.exchange, REGISTRY)(request("GET", BLOB))).text(),
    "content",
  );
});

Deno.test("followRedirects() refuses to leave TLS, to enter our network, and what is no URL", async () => {
  const locations = [
    "http://cdn.example/x",
    "http://r.example/x",
    "https://169.254.169.254/latest",
    "https://[::1]/x",
    "https://localhost/x",
    "https://user:SECRET@cdn.example/x",
    "file:///etc/passwd",
    "https://",
  ];
  for (const location of locations) {
    for (
      const table of [{ [BLOB]: location }, {
        [BLOB]: "https://cdn.example/1",
        "https://cdn.example/1": location,
      }]
    ) {
      const stub = redirecting(table);
      await assert.rejects(followRedirects(stub.exchange, REGISTRY)(request("GET", `${BLOB}`)), (error) => {
        assert.ok(isPusherError(error, "REGISTRY_UNSUPPORTED"), location);
        assert.doesNotMatch(error.message, /SECRET/);
        return true;
      });
      assert.equal(stub.requests.length, Object.keys(table).length);
      assert.equal(stub.unread(), 0);
    }
  }
});
