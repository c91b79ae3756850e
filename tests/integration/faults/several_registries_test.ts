import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { layerBodies, makePushStage, type PushRun } from "../../support/push_stage.ts";
import { refuse } from "../../support/registry/answer_faults.ts";
import { dropConnection, meddle, stall, waitFor } from "../../support/registry/connection_faults.ts";
import { runCli } from "../../support/run_cli.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const MIB = 2 ** 20;
const IN_ORDER = ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"];

const isTagged = (registry: TestRegistry): boolean => registry.repository("app").tags.has("1");

/** A host where nobody listens any more. */
async function goneHost(): Promise<{ host: string }> {
  const registry = startTestRegistry();
  await registry[Symbol.asyncDispose]();
  return { host: registry.host };
}

/** Asserts that all but one registry hold the image, and that the report says so. */
function assertAllBut(run: PushRun, good: readonly TestRegistry[], bad: { host: string }): void {
  assert.equal(run.error, undefined);
  assert.deepEqual(
    run.report?.pushed.map(({ reference }) => reference),
    good.map(({ host }) => `${host}/app:1`),
  );
  assert.deepEqual(run.report?.failures.map(({ reference }) => reference), [`${bad.host}/app:1`]);
  for (const registry of good) assert.ok(isTagged(registry));
}

Deno.test("a registry that refuses does not stop the others", async () => {
  await using stage = await makePushStage();
  await using first = startTestRegistry();
  await using second = startTestRegistry({
    faults: [{ on: "append", nth: 2, times: Infinity, do: refuse(403, "DENIED") }],
  });
  await using third = startTestRegistry();
  const run = await stage.push([first, second, third]);
  assertAllBut(run, [first, third], second);
  assert.ok(isPusherError(run.report?.failures[0]?.error, "AUTH_DENIED"));
  assert.equal(isTagged(second), false);
});

Deno.test("a registry that cannot be reached does not stop the others", async () => {
  await using stage = await makePushStage();
  await using first = startTestRegistry();
  await using third = startTestRegistry();
  const second = await goneHost();
  const run = await stage.push([first, second, third]);
  assertAllBut(run, [first, third], second);
  assert.ok(isPusherError(run.report?.failures[0]?.error, "NETWORK"));
});

Deno.test("a registry that is no registry does not stop the others", async () => {
  await using stage = await makePushStage();
  await using first = startTestRegistry();
  await using second = startTestRegistry({
    faults: [{
      on: "ping",
      times: Infinity,
      do: () => ({ status: 200, headers: { "Content-Type": "text/html" }, body: "<html></html>" }),
    }],
  });
  const run = await stage.push([first, second]);
  assertAllBut(run, [first], second);
  assert.ok(isPusherError(run.report?.failures[0]?.error, "REGISTRY_UNSUPPORTED"));
});

Deno.test("registries are connected side by side: a slow one holds up none but the push", async () => {
  await using stage = await makePushStage();
  const other = Promise.withResolvers<void>();
  await using first = startTestRegistry({
    faults: [{ on: "ping", do: waitFor(other.promise, "before-body") }],
  });
  await using second = startTestRegistry({ faults: [{ on: "ping", do: meddle(() => other.resolve()) }] });
  const run = await stage.push([first, second]);
  stage.assertPushed(run, first);
  stage.assertPushed(run, second);
});

Deno.test("a registry that is slow does not hold up the others, and gets everything in the end", async () => {
  await using stage = await makePushStage({ layerBytes: [24 * MIB, 8 * MIB] });
  await using fast = startTestRegistry();
  await using slow = startTestRegistry();
  const tagged = Promise.withResolvers<void>();
  fast.addFault({
    on: "put-manifest",
    do: async (_, next) => {
      const answer = await next();
      tagged.resolve();
      return answer;
    },
  });
  // Not a part more until the other registry has its tag.
  slow.addFault({ on: "append", nth: 2, do: waitFor(tagged.promise, "before-body") });
  slow.addFault({ on: "append", nth: 3, do: waitFor(tagged.promise, "before-body") });
  const run = await stage.push([slow, fast], { chunkSizeBytes: 2 * MIB });
  stage.assertPushed(run, fast);
  stage.assertPushed(run, slow);
  assert.deepEqual(run.report?.failures, []);
});

Deno.test("a registry that goes silent for good does not stop the others", async () => {
  const clock = new FakeClock({ autoAdvance: true });
  await using stage = await makePushStage({ clock });
  await using first = startTestRegistry();
  await using second = startTestRegistry({
    faults: [{ on: "start-upload", times: Infinity, do: stall("before-body") }],
  });
  const pushing = stage.push([first, second]);
  await first.waitForRequest("put-manifest");
  for (let attempt = 1; attempt <= 5; attempt++) {
    await second.waitForRequest("start-upload", attempt);
    await clock.advance(60_000);
  }
  const run = await pushing;
  assertAllBut(run, [first], second);
  assert.ok(isPusherError(run.report?.failures[0]?.error, "TIMEOUT"));
});

Deno.test("each registry continues from its own place after a push that broke off", async () => {
  await using stage = await makePushStage();
  await using first = startTestRegistry();
  await using second = startTestRegistry();
  const outages = [[first, 2], [second, 4]].map(([registry, nth]) =>
    (registry as TestRegistry).addFault({
      on: "append",
      nth: nth as number,
      times: Infinity,
      do: dropConnection("before-body"),
    })
  );
  const { error } = await stage.push([first, second]);
  assert.ok(isPusherError(error, "NETWORK"), String(error));
  for (const outage of outages) outage.remove();
  const before = [first, second].map(({ requests }) => requests.length);
  const run = await stage.push([first, second]);
  stage.assertPushed(run, first);
  stage.assertPushed(run, second);
  const bodies = [first, second].map(({ requests }, at) =>
    layerBodies({ requests: requests.slice(before[at]) })
  );
  assert.deepEqual(bodies, [IN_ORDER.slice(1), IN_ORDER.slice(3)]);
  assert.deepEqual(await stage.journal(), []);
});

Deno.test("push ends with 9 when one of several registries failed, and tells of each", async () => {
  await using stage = await makePushStage();
  await using first = startTestRegistry();
  await using second = startTestRegistry({
    faults: [{ on: "start-upload", times: Infinity, do: refuse(404, "NAME_UNKNOWN") }],
  });
  const targets = [first, second].flatMap(({ host }) => ["-t", `${host}/app:1`]);
  const { code, stdout, stderr } = await runCli(["push", stage.archivePath, ...targets]);
  assert.equal(code, 9, stderr);
  assert.match(stdout, new RegExp(`^${first.host}/app:1@sha256:[0-9a-f]{64}\n$`));
  assert.match(stderr, /^error: Cannot push 1 of 2 images$/m);
  assert.match(stderr, new RegExp(`^  ${second.host}/app:1: .*404 NAME_UNKNOWN`, "m"));
  const json = await runCli(["push", stage.archivePath, ...targets, "--json"]);
  assert.equal(json.code, 9);
  const report = JSON.parse(json.stdout);
  assert.deepEqual(report.pushed.map(({ reference }: { reference: string }) => reference), [
    `${first.host}/app:1`,
  ]);
  assert.deepEqual(report.failures.map(({ reference }: { reference: string }) => reference), [
    `${second.host}/app:1`,
  ]);
});

Deno.test("push ends with the failure itself when all registries failed", async () => {
  await using stage = await makePushStage();
  const denied = { on: "start-upload", times: Infinity, do: refuse(403, "DENIED") } as const;
  await using first = startTestRegistry({ faults: [denied] });
  await using second = startTestRegistry({ faults: [denied] });
  const targets = [first, second].flatMap(({ host }) => ["-t", `${host}/app:1`]);
  const { code, stdout, stderr } = await runCli(["push", stage.archivePath, ...targets]);
  assert.deepEqual([code, stdout], [4, ""], stderr);
});
