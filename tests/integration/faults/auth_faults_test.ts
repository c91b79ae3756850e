import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { layerBodies, makePushStage, type PushRun, uploadedBytes } from "../../support/push_stage.ts";
import { answerWith, checkCsrfCookie, redirectTo, refuse } from "../../support/registry/answer_faults.ts";
import { meddle } from "../../support/registry/connection_faults.ts";
import type { Behaviour } from "../../support/registry/fault.ts";
import type { AuthOptions } from "../../support/registry/registry_auth.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const MIB = 2 ** 20;
const LAYER_BYTES = 3.5 * MIB;
const IN_ORDER = ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"];
const credentials = { username: "alice", password: "s3cret" };
const users = { alice: "s3cret" };
const bearer: AuthOptions = { type: "bearer", users };

interface Outcome {
  run: PushRun;
  registry: TestRegistry;
  assertPushed(): void;
}

/** Pushes as alice to a registry that wants to know who comes. */
async function pushAsAlice(
  auth: AuthOptions,
  prepare: (registry: TestRegistry, clock: FakeClock) => void = () => {},
): Promise<Outcome & AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const clock = new FakeClock({ autoAdvance: true });
  const stage = resources.use(await makePushStage({ clock }));
  const registry = resources.use(startTestRegistry({ auth, clock }));
  prepare(registry, clock);
  const run = await stage.push(registry, { credentials });
  const held = resources.move();
  return {
    run,
    registry,
    assertPushed: () => stage.assertPushed(run, registry),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const tokensOf = ({ requests }: TestRegistry): number =>
  requests.filter(({ kind }) => kind === "token").length;

Deno.test("a token that is revoked within an upload costs one part at most", async () => {
  await using outcome = await pushAsAlice(bearer, (registry) => {
    registry.addFault({ on: "append", nth: 2, do: meddle(() => registry.revokeTokens()) });
  });
  outcome.assertPushed();
  assert.deepEqual(layerBodies(outcome.registry).filter((body) => body !== "PATCH 401"), IN_ORDER);
  assert.ok(uploadedBytes(outcome.registry) <= LAYER_BYTES + MIB + 4096);
  assert.equal(tokensOf(outcome.registry), 2);
});

Deno.test("a token that expires while parts go out is renewed before, so that no part is refused", async () => {
  await using outcome = await pushAsAlice({ ...bearer, tokenLifetimeSeconds: 120 }, (registry, clock) => {
    registry.addFault({ on: ["append", "commit"], times: Infinity, do: meddle(() => clock.advance(50_000)) });
  });
  outcome.assertPushed();
  assert.deepEqual(layerBodies(outcome.registry), IN_ORDER);
  assert.deepEqual(
    outcome.registry.requests.filter(({ status, kind }) => status === 401 && kind !== "ping"),
    [],
  );
  assert.ok(tokensOf(outcome.registry) > 2);
});

Deno.test("a token without a lifetime is taken for a minute's", async () => {
  await using outcome = await pushAsAlice({ ...bearer, tokenLifetimeSeconds: 0 }, (registry, clock) => {
    registry.addFault({ on: "append", times: Infinity, do: meddle(() => clock.advance(20_000)) });
  });
  outcome.assertPushed();
  assert.deepEqual(layerBodies(outcome.registry), IN_ORDER);
});

Deno.test("a token that expires just before the commit is renewed for it", async () => {
  await using outcome = await pushAsAlice(bearer, (registry) => {
    registry.addFault({ on: "append", nth: 4, do: meddle(() => registry.revokeTokens()) });
  });
  outcome.assertPushed();
  assert.equal(layerBodies(outcome.registry).length, 4);
});

Deno.test("a 401 without a challenge is answered with what the ping asked for", async () => {
  await using outcome = await pushAsAlice({
    ...bearer,
    challenge: (offered, { kind }) => kind === "ping" ? [offered] : [],
  }, (registry) => {
    registry.addFault({ on: "append", nth: 2, do: meddle(() => registry.revokeTokens()) });
  });
  outcome.assertPushed();
});

const FORMS: readonly [string, AuthOptions["challenge"]][] = [
  ["in two lines", (offered) => [offered, "Basic"]],
  ["several in one line", (offered) => [`Negotiate, ${offered}, Basic realm="x, y"`]],
  ["in upper case", (offered) => [offered.replace("Bearer", "BEARER")]],
];

for (const [form, challenge] of FORMS) {
  Deno.test(`a challenge ${form} is met`, async () => {
    await using outcome = await pushAsAlice({ ...bearer, challenge: challenge! });
    outcome.assertPushed();
  });
}

Deno.test("a bare Basic challenge in upper case is met", async () => {
  await using outcome = await pushAsAlice({ type: "basic", users, challenge: () => ["BASIC"] });
  outcome.assertPushed();
});

Deno.test("a user who may not push is told so, and nothing of the layer goes out", async () => {
  await using outcome = await pushAsAlice({ ...bearer, allows: (_, __, action) => action === "pull" });
  const { error } = outcome.run;
  assert.ok(isPusherError(error, "AUTH_DENIED"), String(error));
  assert.match(error.hint ?? "", /^This login is known, but may not do that in "app"/);
  assert.deepEqual(layerBodies(outcome.registry), []);
  assert.equal(outcome.registry.repository("app").tags.size, 0);
});

const TOKEN_ANSWERS: readonly [string, Behaviour][] = [
  [
    "is a page",
    answerWith({ status: 200, headers: { "Content-Type": "text/html" }, body: "<html>Welcome</html>" }),
  ],
  ["is empty JSON", answerWith({ status: 200, body: "{}" })],
  ["is huge", answerWith({ status: 200, body: JSON.stringify({ token: "x".repeat(200_000) }) })],
  ["holds line breaks", answerWith({ status: 200, body: JSON.stringify({ token: "a\r\nHost: b" }) })],
];

for (const [what, behaviour] of TOKEN_ANSWERS) {
  Deno.test(`a token that ${what} is none`, async () => {
    await using outcome = await pushAsAlice(bearer, (registry) => {
      registry.addFault({ on: "token", times: Infinity, do: behaviour });
    });
    const { error } = outcome.run;
    assert.ok(isPusherError(error, "REGISTRY_UNSUPPORTED"), String(error));
    assert.match(error.message, /gave no token/);
    assert.equal(outcome.registry.repository("app").tags.size, 0);
  });
}

Deno.test("a token service that is busy for a while is asked again", async () => {
  await using outcome = await pushAsAlice(bearer, (registry) => {
    registry.addFault({ on: "token", times: 2, do: refuse(503, "UNAVAILABLE") });
  });
  outcome.assertPushed();
});

const REALMS: readonly [string, string, RegExp][] = [
  ["of another scheme", "file:///etc/passwd", /its scheme is file:/],
  ["that is no URL", "http://", /it is not a URL/],
  ["with a user name", "http://a:b@127.0.0.1/token", /user name/],
];

for (const [what, realm, reason] of REALMS) {
  Deno.test(`a token service ${what} gets no password`, async () => {
    await using outcome = await pushAsAlice({ ...bearer, realm });
    const { error } = outcome.run;
    assert.ok(isPusherError(error, "REGISTRY_UNSUPPORTED"), String(error));
    assert.match(error.message, reason);
  });
}

Deno.test("a token service that sends us elsewhere is not followed", async () => {
  await using elsewhere = startTestRegistry({ auth: bearer });
  await using outcome = await pushAsAlice(bearer, (registry) => {
    registry.addFault({ on: "token", times: Infinity, do: redirectTo(`${elsewhere.origin}/token`) });
  });
  assert.ok(isPusherError(outcome.run.error), String(outcome.run.error));
  assert.deepEqual(elsewhere.requests, []);
});

Deno.test("cookies that a registry sets are never sent back", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({
    auth: bearer,
    faults: [{ times: Infinity, do: checkCsrfCookie() }],
  });
  stage.assertPushed(await stage.push(registry, { credentials }), registry);
  assert.deepEqual(registry.requests.filter(({ headers }) => headers.has("cookie")), []);
});
