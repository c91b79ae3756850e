import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { fetchToken, type TokenRequest } from "../../../../lib/registry/auth/token_service.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { type StubExchange, stubExchange } from "../stub_exchange.ts";

const REALM = "https://auth.example/token";
const ALICE = { username: "alice", password: "pässword:1" };

/** A token service that always gives this answer. */
function service(body: unknown, status = 200): StubExchange {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return stubExchange(() => new Response(text, { status }));
}

function tokenRequest(stub: StubExchange, overrides: Partial<TokenRequest> = {}): TokenRequest {
  return {
    registry: "r.example",
    registryUrl: new URL("https://r.example/"),
    challenge: { scheme: "bearer", parameters: { realm: REALM, service: "r.example" } },
    scopes: ["repository:team/app:pull,push"],
    credentials: ALICE,
    exchange: stub.exchange,
    clock: new FakeClock({ nowMs: 0 }),
    signal: new AbortController().signal,
    ...overrides,
  };
}

const challenge = (realm: string | undefined, service?: string): TokenRequest["challenge"] => ({
  scheme: "bearer",
  parameters: { ...(realm === undefined ? {} : { realm }), ...(service === undefined ? {} : { service }) },
});

Deno.test("fetchToken() asks for the scopes in order, as the user", async () => {
  const stub = service({ token: "t" });
  const scopes = ["repository:team/app:pull,push", "repository:library/nginx:pull"];
  await fetchToken(tokenRequest(stub, { scopes }));
  const [asked] = stub.requests;
  assert.equal(asked?.method, "GET");
  assert.equal(asked.url.origin + asked.url.pathname, REALM);
  assert.deepEqual(asked.url.searchParams.getAll("scope"), scopes);
  assert.equal(asked.url.searchParams.get("service"), "r.example");
  assert.equal(asked.url.searchParams.get("account"), "alice");
  const user = new TextDecoder().decode(Uint8Array.fromBase64(asked.headers!["authorization"]!.slice(6)));
  assert.equal(user, "alice:pässword:1");
});

Deno.test("fetchToken() asks anonymously without credentials, and leaves out what is not known", async () => {
  const stub = service({ token: "t" });
  await fetchToken(tokenRequest(stub, { credentials: undefined, challenge: challenge(REALM), scopes: [] }));
  assert.equal(stub.requests[0]!.url.href, REALM);
  assert.equal(stub.requests[0]!.headers?.["authorization"], undefined);
});

Deno.test("fetchToken() finds the realm, and keeps its query", async () => {
  const realms: [string, string][] = [
    ["https://auth.example/token?tenant=a%26b&x=1", "https://auth.example/token?tenant=a%26b&x=1&service=s"],
    ["/v2/token", "https://r.example/v2/token?service=s"],
    ["token", "https://r.example/token?service=s"],
    ["https://r.example:8443/t", "https://r.example:8443/t?service=s"],
  ];
  for (const [realm, url] of realms) {
    const stub = service({ token: "t" });
    await fetchToken(
      tokenRequest(stub, { challenge: challenge(realm, "s"), scopes: [], credentials: undefined }),
    );
    assert.equal(stub.requests[0]!.url.href, url);
  }
});

Deno.test("fetchToken() gives no password to a realm that is not to be trusted", async () => {
  const realms: [string | undefined, RegExp][] = [
    [undefined, /does not say where/],
    ["", /does not say where/],
    ["https://", /not a URL/],
    ["null://r.example/v2/token", /scheme/],
    ["http://auth.example/token", /leaves TLS/],
    ["https://169.254.169.254/token", /private/],
    ["https://localhost:5001/token", /private/],
    ["https://r.example:pw@evil.example/token", /user name/],
  ];
  for (const [realm, reason] of realms) {
    const stub = service({ token: "t" });
    await assert.rejects(fetchToken(tokenRequest(stub, { challenge: challenge(realm) })), (error) => {
      assert.ok(isPusherError(error, "REGISTRY_UNSUPPORTED"), String(error));
      assert.match(error.message, reason);
      return true;
    });
    assert.equal(stub.requests.length, 0, String(realm));
  }
});

Deno.test("fetchToken() takes either name of the token, and null for what is absent", async () => {
  const answers: [unknown, string][] = [
    [{ token: "a" }, "a"],
    [{ access_token: "b" }, "b"],
    [{ token: "a", access_token: "b" }, "a"],
    [{ token: "", access_token: "b" }, "b"],
    [{ token: null, access_token: "b", expires_in: null, issued_at: null }, "b"],
    [{ token: "a", refresh_token: 7, issued_at: "garbage" }, "a"],
    [{ token: "eyJ.x_-y~+/=" }, "eyJ.x_-y~+/="],
  ];
  for (const [answer, value] of answers) {
    assert.equal((await fetchToken(tokenRequest(service(answer)))).value, value);
  }
});

Deno.test("fetchToken() renews before the end, however long the service says", async () => {
  const lives: [string, number][] = [
    ["", 30_000],
    [',"expires_in":300', 270_000],
    [',"expires_in":61', 31_000],
    [',"expires_in":60', 30_000],
    // The token specification: never less than 60 s.
    [',"expires_in":5', 30_000],
    [',"expires_in":0', 30_000],
    [',"expires_in":-300', 30_000],
    [',"expires_in":1e9', 86_370_000],
    [',"expires_in":1e999', 86_370_000],
  ];
  for (const [field, renewAtMs] of lives) {
    const token = await fetchToken(tokenRequest(service(`{"token":"t"${field}}`)));
    assert.equal(token.renewAtMs, renewAtMs, field);
  }
});

Deno.test("fetchToken() refuses an answer without a usable token, and repeats nothing of it", async () => {
  const answers: unknown[] = [
    "<html>SECRET</html>",
    "",
    "null",
    "[]",
    "{}",
    { token: "" },
    { token: 7 },
    { token: { value: "SECRET" } },
    { token: "SECRET\r\nx-evil: 1" },
    { token: "SECRET é" },
    { token: "SECRET with spaces" },
    { token: "SECRET", expires_in: "soon" },
    { token: "SECRET".repeat(20_000) },
  ];
  for (const answer of answers) {
    const stub = service(answer);
    await assert.rejects(fetchToken(tokenRequest(stub)), (error) => {
      assert.ok(isPusherError(error, "REGISTRY_UNSUPPORTED"), String(error));
      assert.match(error.message, /https:\/\/auth\.example\/token gave no token$/);
      return true;
    }, JSON.stringify(answer).slice(0, 80));
    assert.equal(stub.unread(), 0);
  }
});

Deno.test("fetchToken() says who was refused", async () => {
  const scopes = ["repository:host:5000/team/app:pull,push"];
  const denied = await fetchToken(tokenRequest(service({ details: "no" }, 401), { scopes })).catch((error) =>
    error
  );
  assert.ok(isPusherError(denied, "AUTH_DENIED"));
  assert.equal(denied.detail.repository, "host:5000/team/app");
  assert.match(denied.message, /^Cannot log in to "r\.example": the registry answered 401 no$/);
  const anonymous = tokenRequest(service("", 401), { credentials: undefined });
  assert.ok(isPusherError(await fetchToken(anonymous).catch((error) => error), "AUTH_REQUIRED"));
  const busy = await fetchToken(tokenRequest(service("", 503))).catch((error) => error);
  assert.ok(isPusherError(busy, "REGISTRY_UNAVAILABLE") && busy.retryable);
});

Deno.test("fetchToken() does not follow a token service that redirects", async () => {
  const stub = stubExchange(() =>
    new Response(null, { status: 307, headers: { location: "https://evil.example/" } })
  );
  await assert.rejects(fetchToken(tokenRequest(stub)));
  assert.equal(stub.requests.length, 1);
});

const IDENTITY = { username: "<token>", identityToken: "refresh+1" };

Deno.test("fetchToken() gives an identity token by a POST of OAuth 2 only, never in the URL", async () => {
  const stub = service({ access_token: "t", expires_in: 300 });
  const scopes = ["repository:team/app:pull,push", "repository:library/nginx:pull"];
  await fetchToken(tokenRequest(stub, { credentials: IDENTITY, scopes }));
  const [asked] = stub.requests;
  assert.deepEqual([asked?.method, asked?.url.href], ["POST", REALM]);
  assert.deepEqual(asked!.headers, { "content-type": "application/x-www-form-urlencoded" });
  const form = new URLSearchParams(new TextDecoder().decode(asked!.body as Uint8Array));
  assert.deepEqual(Object.fromEntries(form), {
    grant_type: "refresh_token",
    refresh_token: "refresh+1",
    service: "r.example",
    client_id: "docker-image-pusher",
    scope: scopes.join(" "),
  });
});

Deno.test("fetchToken() asks the other way where a service does not know the first", async () => {
  const cases: [TokenRequest["credentials"], number, string[]][] = [
    [IDENTITY, 404, ["POST", "GET"]],
    [IDENTITY, 405, ["POST", "GET"]],
    [ALICE, 405, ["GET", "POST"]],
    [ALICE, 404, ["GET", "POST"]],
  ];
  for (const [credentials, status, methods] of cases) {
    const stub = stubExchange((_, nth) =>
      nth === 0 ? new Response("no such page", { status }) : Response.json({ token: "t" })
    );
    assert.equal((await fetchToken(tokenRequest(stub, { credentials }))).value, "t");
    assert.deepEqual(stub.requests.map(({ method }) => method), methods);
    assert.equal(stub.unread(), 0);
  }
});

Deno.test("fetchToken() takes a refusal for an answer, and an anonymous 404 too", async () => {
  const cases: [TokenRequest["credentials"], number][] = [[IDENTITY, 400], [IDENTITY, 401], [ALICE, 401], [
    undefined,
    404,
  ]];
  for (const [credentials, status] of cases) {
    const stub = service({ error: "invalid_grant" }, status);
    await assert.rejects(fetchToken(tokenRequest(stub, { credentials })), /invalid_grant/);
    assert.equal(stub.requests.length, 1);
  }
});

Deno.test("fetchToken() asks with the password by POST as it does by GET", async () => {
  const stub = stubExchange(({ method }) =>
    method === "GET" ? new Response("", { status: 405 }) : Response.json({ token: "t" })
  );
  await fetchToken(tokenRequest(stub));
  const form = new URLSearchParams(new TextDecoder().decode(stub.requests[1]!.body as Uint8Array));
  assert.deepEqual(
    [form.get("grant_type"), form.get("username"), form.get("password")],
    ["password", "alice", "pässword:1"],
  );
});

Deno.test("fetchToken() reckons the age of a token that was made earlier by the service's clock alone", async () => {
  const answered = "Thu, 01 Jan 2026 00:02:00 GMT";
  const cases: [string | undefined, string | undefined, number][] = [
    ["2026-01-01T00:00:00Z", answered, 150_000],
    ["2026-01-01T00:02:00Z", answered, 270_000],
    ["2026-01-01T00:03:00Z", answered, 270_000],
    // Older than it lives: whatever this means, it was handed out just now.
    ["2025-01-01T00:00:00Z", answered, 270_000],
    ["2026-01-01T00:00:00Z", undefined, 270_000],
    [undefined, answered, 270_000],
    ["garbage", answered, 270_000],
  ];
  for (const [issued_at, date, renewAtMs] of cases) {
    const stub = stubExchange(() =>
      Response.json({ token: "t", expires_in: 300, issued_at }, { headers: date ? { date } : {} })
    );
    const token = await fetchToken(tokenRequest(stub));
    assert.equal(token.renewAtMs, renewAtMs, `${issued_at} ${date}`);
  }
});

Deno.test("fetchToken() counts the time that the service took to answer as the token's", async () => {
  const clock = new FakeClock({ nowMs: 0 });
  const stub = stubExchange(async () => {
    await clock.advance(20_000);
    return Response.json({ token: "t", expires_in: 300 });
  });
  assert.equal((await fetchToken(tokenRequest(stub, { clock }))).renewAtMs, 270_000);
});

Deno.test("fetchToken() does not repeat a secret that the service sends back with its refusal", async () => {
  const echoes = ["pässword:1", new TextEncoder().encode("alice:pässword:1").toBase64(), "p%C3%A4ssword%3A1"];
  for (const echo of echoes) {
    const stub = service({ details: `bad login ${echo} here` }, 401);
    const error = await fetchToken(tokenRequest(stub)).catch((error) => error);
    assert.match(error.message, /bad login \[redacted\] here/);
  }
});
