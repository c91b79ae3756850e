import assert from "node:assert/strict";
import { layerBodies, makePushStage, type PushRun, type PushStage } from "../../support/push_stage.ts";
import { answerWith, refuse } from "../../support/registry/answer_faults.ts";
import { dropConnection } from "../../support/registry/connection_faults.ts";
import type { Behaviour } from "../../support/registry/fault.ts";
import type { ProfileName } from "../../support/registry/profiles.ts";
import { ignoreQuery } from "../../support/registry/upload_quirks.ts";
import {
  startTestRegistry,
  type TestRegistry,
  type TestRegistryOptions,
} from "../../support/test_registry.ts";

const credentials = { username: "alice", password: "s3cret" };
const users = { alice: "s3cret" };

interface Outcome {
  stage: PushStage;
  registry: TestRegistry;
  run: PushRun;
  /** What the second push asked for. */
  kinds: string[];
  /** What the second push sent of the layer. */
  bodies: string[];
}

/** Pushes an image to one repository, then to another of the same registry. */
async function pushTwice(
  options: TestRegistryOptions,
  behaviour?: Behaviour,
): Promise<Outcome & AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const stage = resources.use(await makePushStage());
  const registry = resources.use(startTestRegistry(options));
  const login = options.auth ? { credentials } : {};
  const first = await stage.push(registry, { ...login, targets: [`${registry.host}/base:1`] });
  assert.equal(first.error, undefined);
  if (behaviour) registry.addFault({ on: "mount", times: Infinity, do: behaviour });
  const before = registry.requests.length;
  const run = await stage.push(registry, login);
  const requests = registry.requests.slice(before);
  const held = resources.move();
  return {
    stage,
    registry,
    run,
    kinds: requests.map(({ kind }) => kind),
    bodies: layerBodies({ requests }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

Deno.test("a mount answered with 201 sends nothing", async () => {
  await using outcome = await pushTwice({});
  outcome.stage.assertPushed(outcome.run, outcome.registry);
  assert.deepEqual(outcome.bodies, []);
  assert.deepEqual(outcome.kinds.filter((kind) => kind === "mount").length, 2, "layer and config");
  assert.equal(outcome.kinds.includes("start-upload"), false);
  assert.equal(outcome.run.report?.sentBytes, 0);
  const mounted = outcome.run.events.filter((event) => event.type === "blob:mounted");
  assert.deepEqual(mounted.map(({ from }) => from), ["base", "base"]);
});

Deno.test("a mount answered with 202 goes on in the session it opened", async () => {
  await using outcome = await pushTwice({}, ignoreQuery("mount", "from"));
  outcome.stage.assertPushed(outcome.run, outcome.registry);
  assert.equal(outcome.bodies.length, 4);
  assert.equal(outcome.kinds.includes("start-upload"), false);
});

const REFUSALS: readonly [string, Behaviour][] = [
  ...[400, 401, 403, 404, 405, 429, 500].map((status) =>
    [`with ${status}`, refuse(status, "DENIED")] as [string, Behaviour]
  ),
  ["with a page", answerWith({ status: 200, body: "<html></html>" })],
  ["with a cut connection", dropConnection("before-body")],
];

for (const auth of [undefined, { type: "bearer", users }] as const) {
  for (const [how, behaviour] of REFUSALS) {
    const where = auth ? " at a registry with tokens" : "";
    Deno.test(`a mount answered ${how}${where} becomes an upload without a word`, async () => {
      await using outcome = await pushTwice(auth ? { auth } : {}, behaviour);
      outcome.stage.assertPushed(outcome.run, outcome.registry);
      assert.equal(outcome.bodies.length, 4);
      assert.deepEqual(outcome.run.events.filter(({ type }) => type === "blob:retry"), []);
    });
  }
}

Deno.test("a source that may not be read any more is left alone, and the blob goes out with a token without it", async () => {
  await using stage = await makePushStage();
  let isReadable = true;
  const allows = (_: unknown, repository: string): boolean => repository !== "base" || isReadable;
  await using registry = startTestRegistry({ auth: { type: "bearer", users, allows } });
  await stage.push(registry, { credentials, targets: [`${registry.host}/base:1`] });
  isReadable = false;
  stage.assertPushed(await stage.push(registry, { credentials }), registry);
  assert.ok(registry.requests.some(({ kind, status }) => kind === "mount" && status === 401));
});

for (const profile of ["docker-hub", "harbor", "quay", "ecr"] as readonly ProfileName[]) {
  Deno.test(`${profile} is asked for a mount from what is not there any more, and gets an upload`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry({ profile });
    registry.repository("base");
    registry.repository("app");
    await stage.push(registry, { targets: [`${registry.host}/base:1`], chunkSizeBytes: undefined });
    registry.repository("base").blobs.clear();
    stage.assertPushed(await stage.push(registry, { chunkSizeBytes: undefined }), registry);
    assert.ok(registry.requests.some(({ kind }) => kind === "mount"));
  });
}

Deno.test("a mount names its source, always", async () => {
  await using outcome = await pushTwice({ profile: "quay" });
  const mounts = outcome.registry.requests.filter(({ kind }) => kind === "mount");
  assert.ok(mounts.length > 0);
  assert.ok(mounts.every(({ queryKeys }) => queryKeys.includes("from")));
});
