import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { fetchToken, type TokenRequest } from "../../../lib/registry/token_service.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { type StubExchange, stubExchange } from "./stub_exchange.ts";

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
    [undefined, /not a URL/],
    ["", /not a URL/],
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
