import assert from "node:assert/strict";
import { FakeClock } from "../../support/fake_clock.ts";
import type { AuthOptions } from "../../support/registry/registry_auth.ts";
import { type CallAnswer, callRegistry } from "../../support/registry_call.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const users = { alice: "s3cret" };
const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;

function call(registry: TestRegistry, request: string, authorization?: string): Promise<CallAnswer> {
  return callRegistry(registry, request, authorization ? { headers: { authorization } } : {});
}

async function token(registry: TestRegistry, query: string, authorization?: string): Promise<string> {
  const { status, text } = await call(registry, `GET /token?${query}`, authorization);
  assert.equal(status, 200);
  return `Bearer ${JSON.parse(text).token}`;
}

async function postToken(registry: TestRegistry, form: Record<string, string>): Promise<CallAnswer> {
  return await callRegistry(registry, "POST /token", { body: new URLSearchParams(form) });
}

function start(options: Partial<AuthOptions> = {}, more: { clock?: FakeClock } = {}): TestRegistry {
  return startTestRegistry({ auth: { type: "bearer", users, ...options }, ...more });
}

Deno.test("RegistryAuth asks for a password and takes the right one only", async () => {
  await using registry = start({ type: "basic" });
  const anonymous = await call(registry, "GET /v2/");
  assert.equal(anonymous.status, 401);
  assert.equal(anonymous.headers.get("www-authenticate"), 'Basic realm="test registry"');
  assert.equal(JSON.parse(anonymous.text).errors[0].code, "UNAUTHORIZED");
  assert.equal((await call(registry, "GET /v2/", basic("alice", "wrong"))).status, 401);
  assert.equal((await call(registry, "GET /v2/", basic("constructor", ""))).status, 401);
  assert.equal((await call(registry, "GET /v2/", basic("alice", "s3cret"))).status, 200);
  assert.deepEqual(registry.requests.at(-1)?.headers.get("authorization"), "Basic");
  assert.doesNotMatch(registry.requests.at(-1)!.rawHead, /czNjcmV0|YWxpY2U/);
});

Deno.test("RegistryAuth denies what a user may not do", async () => {
  await using registry = start({
    type: "basic",
    allows: (user, name) => user === "alice" && name === "hers",
  });
  const alice = basic("alice", "s3cret");
  assert.equal((await call(registry, "POST /v2/hers/blobs/uploads/", alice)).status, 202);
  assert.equal((await call(registry, "POST /v2/his/blobs/uploads/", alice)).status, 403);
});

Deno.test("RegistryAuth sends clients for a token and says for what", async () => {
  await using registry = start();
  const challenge = async (request: string, authorization?: string) =>
    (await call(registry, request, authorization)).headers.get("www-authenticate");
  const common = `Bearer realm="${registry.origin}/token",service="test-registry"`;
  assert.equal(await challenge("GET /v2/"), common);
  assert.equal(await challenge("POST /v2/app/blobs/uploads/"), `${common},scope="repository:app:pull,push"`);
  assert.equal(
    await challenge("POST /v2/app/blobs/uploads/?mount=x&from=base", "Bearer made-up"),
    `${common},scope="repository:app:pull,push repository:base:pull",error="invalid_token"`,
  );
  const pull = await token(registry, "scope=repository:app:pull", basic("alice", "s3cret"));
  assert.equal(
    await challenge("POST /v2/app/blobs/uploads/", pull),
    `${common},scope="repository:app:pull,push",error="insufficient_scope"`,
  );
});

Deno.test("RegistryAuth takes a token for what it is good for", async () => {
  await using registry = start();
  const push = await token(registry, "scope=repository:app:push,pull", basic("alice", "s3cret"));
  assert.equal((await call(registry, "POST /v2/app/blobs/uploads/", push)).status, 202);
  assert.equal((await call(registry, "POST /v2/other/blobs/uploads/", push)).status, 401);
  const two = await token(
    registry,
    "scope=repository:a/b:pull,push&scope=repository:base:pull",
    basic("alice", "s3cret"),
  );
  assert.equal((await call(registry, "POST /v2/a/b/blobs/uploads/?mount=x&from=base", two)).status, 202);
});

Deno.test("RegistryAuth refuses a wrong password for a token and grants strangers nothing", async () => {
  await using registry = start();
  assert.equal((await call(registry, "GET /token", basic("alice", "wrong"))).status, 401);
  const anonymous = await token(registry, "scope=repository:app:pull");
  assert.equal((await call(registry, "GET /v2/app/tags/list", anonymous)).status, 401);
});

Deno.test("RegistryAuth grants strangers what everybody may do", async () => {
  await using registry = start({ allows: (user, _name, action) => user === "alice" || action === "pull" });
  registry.repository("app").tags.clear();
  const anonymous = await token(registry, "scope=repository:app:pull,push");
  assert.equal((await call(registry, "GET /v2/app/tags/list", anonymous)).status, 200);
  assert.equal((await call(registry, "POST /v2/app/blobs/uploads/", anonymous)).status, 401);
});

Deno.test("RegistryAuth lets tokens expire, and forgets them when told to", async () => {
  const clock = new FakeClock();
  await using registry = start({ tokenLifetimeSeconds: 120 }, { clock });
  const fresh = () => token(registry, "", basic("alice", "s3cret"));
  const first = await fresh();
  await clock.advance(119_999);
  assert.equal((await call(registry, "GET /v2/", first)).status, 200);
  await clock.advance(1);
  assert.equal((await call(registry, "GET /v2/", first)).status, 401);
  const second = await fresh();
  registry.revokeTokens();
  assert.equal((await call(registry, "GET /v2/", second)).status, 401);
});

Deno.test("RegistryAuth leaves expires_in out when the lifetime is 0", async () => {
  await using registry = start({ tokenLifetimeSeconds: 0 });
  const { text } = await call(registry, "GET /token", basic("alice", "s3cret"));
  assert.deepEqual(Object.keys(JSON.parse(text)).sort(), ["access_token", "issued_at", "token"]);
});

Deno.test("RegistryAuth hands out refresh tokens and takes them", async () => {
  await using registry = start({ identityTokens: { "identity-1": "alice" } });
  const password = { grant_type: "password", username: "alice", password: "s3cret", access_type: "offline" };
  const { refresh_token } = JSON.parse((await postToken(registry, password)).text);
  for (const refreshToken of [refresh_token, "identity-1"]) {
    const form = {
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      scope: "repository:a:pull repository:b:push,pull",
    };
    const { access_token } = JSON.parse((await postToken(registry, form)).text);
    assert.equal((await call(registry, "POST /v2/b/blobs/uploads/", `Bearer ${access_token}`)).status, 202);
  }
  assert.equal((await postToken(registry, { grant_type: "refresh_token", refresh_token: "no" })).status, 401);
  assert.equal((await postToken(registry, { ...password, password: "no" })).status, 401);
});

Deno.test("RegistryAuth refuses POST for tokens where the registry does", async () => {
  await using registry = startTestRegistry({ profile: "gar", auth: { type: "bearer", users } });
  assert.equal((await postToken(registry, { grant_type: "password" })).status, 404);
});

Deno.test("RegistryAuth challenges in the way of the profile", async () => {
  const challenges = async (profile: "gar" | "gitea" | "nexus", request: string) => {
    await using registry = startTestRegistry({ profile, auth: { type: "bearer", users } });
    return (await call(registry, request)).headers.get("www-authenticate")?.replace(registry.origin, "");
  };
  assert.equal(await challenges("nexus", "GET /v2/"), 'BASIC realm="Sonatype Nexus Repository Manager"');
  assert.equal(
    await challenges("gitea", "GET /v2/"),
    'Bearer realm="/v2/token",service="container_registry", Basic',
  );
  assert.equal(await challenges("gar", "GET /v2/"), 'Bearer realm="/token",service="test-registry"');
  assert.equal(await challenges("gar", "POST /v2/app/blobs/uploads/"), undefined);
});
