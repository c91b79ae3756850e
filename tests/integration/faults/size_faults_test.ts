import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { HostMemory } from "../../../lib/state/host_memory.ts";
import { layerBodies, makePushStage, type PushStage } from "../../support/push_stage.ts";
import { answerWith, htmlPage, refuse, withHeader } from "../../support/registry/answer_faults.ts";
import { meddle } from "../../support/registry/connection_faults.ts";
import type { Behaviour, Fault } from "../../support/registry/fault.ts";
import { limitBody, takePartsOnly, wantLargeParts } from "../../support/registry/upload_quirks.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const MIB = 2 ** 20;
/** As the program chooses by itself, on a link without delay. */
const OWN_CHOICE = { chunkSizeBytes: undefined };

function always(on: Fault["on"], behaviour: Behaviour): Fault {
  return { ...(on === undefined ? {} : { on }), times: Infinity, do: behaviour };
}

/** A proxy that takes bodies up to a limit, in front of any registry. */
function limited(maxBytes: number): TestRegistry {
  return startTestRegistry({ profile: "distribution-2.8", faults: [always(undefined, limitBody(maxBytes))] });
}

/** What was learned of a registry, as a later run finds it. */
async function habitsOf(stage: PushStage, registry: TestRegistry): Promise<unknown> {
  const { clock } = stage;
  return await new HostMemory(stage.stateDir, { clock, onWarning: assert.fail }).get(registry.host);
}

Deno.test("a proxy that takes 8 MiB gets parts of 5 MiB, and so does it in the next run, at once", async () => {
  await using stage = await makePushStage({ layerBytes: [12 * MIB] });
  await using registry = limited(8 * MIB);
  stage.assertPushed(await stage.push(registry, OWN_CHOICE), registry);
  assert.deepEqual(layerBodies(registry), ["PATCH 413", "PATCH 5", "PATCH 5", "PATCH 2"]);
  const limits = { maxChunkBytes: 5 * MIB, maxBodyBytes: 5 * MIB };
  assert.deepEqual(await habitsOf(stage, registry), { strategy: "chunked", ...limits });
  const before = layerBodies(registry).length;
  stage.assertPushed(await stage.push(registry, { ...OWN_CHOICE, force: true }), registry);
  assert.deepEqual(layerBodies(registry).slice(before), ["PATCH 5", "PATCH 5", "PATCH 2"]);
});

Deno.test("what a push has learned is known to the next one even if it is stopped", async () => {
  await using stage = await makePushStage({ layerBytes: [12 * MIB] });
  await using registry = limited(8 * MIB);
  const stop = new AbortController();
  const stopping = meddle(() => stop.abort(new Error("stopped")));
  const fault = registry.addFault({ on: "append", nth: 2, do: stopping });
  assert.match(String((await stage.push(registry, OWN_CHOICE, stop.signal)).error), /stopped/);
  assert.equal(fault.strikes, 1);
  const before = registry.requests.length;
  stage.assertPushed(await stage.push(registry, OWN_CHOICE), registry);
  const second = layerBodies({ requests: registry.requests.slice(before) });
  assert.equal(second.includes("PATCH 413"), false, second.join());
});

Deno.test("a proxy with nginx's 1 MiB gets parts of 1 MiB, however they are begun", async () => {
  for (const options of [OWN_CHOICE, { chunkSizeBytes: 3 * MIB }]) {
    await using stage = await makePushStage({ layerBytes: [2.5 * MIB] });
    await using registry = startTestRegistry({ profile: "nginx" });
    stage.assertPushed(await stage.push(registry, options), registry);
    assert.deepEqual(layerBodies(registry).slice(-3), ["PATCH 1", "PATCH 1", "PATCH 0.5"]);
  }
});

Deno.test("a proxy that takes less than 1 MiB is explained", async () => {
  await using stage = await makePushStage({ layerBytes: [2.5 * MIB] });
  await using registry = limited(MIB / 2);
  const { error } = await stage.push(registry, OWN_CHOICE);
  assert.ok(isPusherError(error, "REGISTRY_REJECTED"), String(error));
  assert.equal(error.detail.status, 413);
  assert.match(error.hint ?? "", /--blob-chunk/);
  assert.equal(registry.repository("app").tags.size, 0);
});

Deno.test("a 413 that hangs up at once is a broken connection, and teaches the same", async () => {
  await using stage = await makePushStage({ layerBytes: [24 * MIB] });
  const page = htmlPage(413, "Request Entity Too Large");
  await using registry = startTestRegistry({
    faults: [{
      ...always("append", answerWith(page, { afterBodyBytes: 1, isRude: true })),
      when: ({ request }) => Number(request.headers.get("content-length")) > 5 * MIB,
    }],
  });
  stage.assertPushed(await stage.push(registry, { chunkSizeBytes: 20 * MIB }), registry);
  assert.deepEqual(layerBodies(registry).slice(-5), ["PATCH 5", "PATCH 5", "PATCH 5", "PATCH 5", "PATCH 4"]);
});

Deno.test("a size of parts that the user named is kept where nothing is against it", async () => {
  await using stage = await makePushStage({ layerBytes: [7 * MIB] });
  await using registry = startTestRegistry();
  stage.assertPushed(await stage.push(registry, { chunkSizeBytes: 3 * MIB }), registry);
  assert.deepEqual(layerBodies(registry), ["PATCH 3", "PATCH 3", "PATCH 1"]);
});

Deno.test("OCI-Chunk-Min-Length is honoured against the user's own size", async () => {
  await using stage = await makePushStage({ layerBytes: [24 * MIB] });
  await using registry = startTestRegistry({
    faults: [always(["start-upload", "append", "commit"], wantLargeParts(10 * MIB))],
  });
  stage.assertPushed(await stage.push(registry, { chunkSizeBytes: MIB }), registry);
  assert.deepEqual(layerBodies(registry), ["PATCH 10", "PATCH 10", "PATCH 4"]);
});

Deno.test("OCI-Chunk-Max-Length is honoured", async () => {
  await using stage = await makePushStage({ layerBytes: [7 * MIB] });
  await using registry = startTestRegistry({
    faults: [always("start-upload", withHeader("OCI-Chunk-Max-Length", String(3 * MIB)))],
  });
  stage.assertPushed(await stage.push(registry, OWN_CHOICE), registry);
  assert.deepEqual(layerBodies(registry), ["PATCH 3", "PATCH 3", "PATCH 1"]);
});

const NO_PARTS: readonly [string, Behaviour][] = [
  ["405", refuse(405, "UNSUPPORTED")],
  ["400", refuse(400, "UNSUPPORTED")],
  ["404 without a word", answerWith({ status: 404 })],
  ["415", refuse(415, "UNSUPPORTED")],
  ["411", refuse(411, "SIZE_INVALID")],
];

for (const [answer, behaviour] of NO_PARTS) {
  Deno.test(`a registry without PATCH (${answer}) gets a single body, in the next run at once`, async () => {
    await using stage = await makePushStage({ layerBytes: [12 * MIB] });
    await using registry = startTestRegistry({ faults: [always("append", behaviour)] });
    stage.assertPushed(await stage.push(registry, OWN_CHOICE), registry);
    assert.equal(layerBodies(registry).at(-1), "PUT 12");
    assert.deepEqual(await habitsOf(stage, registry), {
      strategy: "single",
      refused: ["chunked", "streamed"],
    });
    const before = registry.requests.length;
    stage.assertPushed(await stage.push(registry, { ...OWN_CHOICE, force: true }), registry);
    const second = { requests: registry.requests.slice(before) };
    assert.deepEqual(layerBodies(second), ["PUT 12"]);
  });
}

Deno.test("a registry that takes content by PATCH only gets small layers that way, too", async () => {
  await using stage = await makePushStage({ layerBytes: [MIB / 2, 3 * MIB] });
  await using registry = startTestRegistry({ faults: [always("commit", takePartsOnly())] });
  stage.assertPushed(await stage.push(registry), registry);
  const bodies = layerBodies(registry);
  assert.deepEqual(bodies.filter((body) => body.startsWith("PUT")), ["PUT 405"]);
});

Deno.test("one 413 teaches all layers that go beside it", async () => {
  await using stage = await makePushStage({ layerBytes: [11 * MIB, 11.5 * MIB, 12 * MIB, 12.5 * MIB] });
  await using registry = limited(8 * MIB);
  stage.assertPushed(await stage.push(registry, OWN_CHOICE), registry);
  const refusals = layerBodies(registry).filter((body) => body === "PATCH 413").length;
  assert.ok(refusals <= 3, `${refusals} refusals: one for each layer that was on its way`);
});
