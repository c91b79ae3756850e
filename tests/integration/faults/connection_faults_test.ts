import assert from "node:assert/strict";
import { FakeClock } from "../../support/fake_clock.ts";
import { layerBodies, makePushStage, uploadedBytes } from "../../support/push_stage.ts";
import { answerWith, htmlPage, refuse } from "../../support/registry/answer_faults.ts";
import {
  dropConnection,
  meddle,
  type Moment,
  stall,
  waitFor,
} from "../../support/registry/connection_faults.ts";
import type { Behaviour } from "../../support/registry/fault.ts";
import type { ProfileName } from "../../support/registry/profiles.ts";
import type { RequestKind } from "../../support/registry/routes.ts";
import { startTestRegistry } from "../../support/test_registry.ts";

const MIB = 2 ** 20;
const LAYER_BYTES = 3.5 * MIB;

const PROFILES: readonly ProfileName[] = ["spec", "distribution-2.8", "distribution-3", "zot"];

/** Does something when a request of a kind arrives for the nth time; the promise says when. */
function onArrival(): { arrived: Promise<void>; note: Behaviour } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { arrived: promise, note: meddle(() => resolve()) };
}

const MOMENTS: readonly [string, Moment][] = [
  ["before its body is read", "before-body"],
  ["after its body, before the answer", "before-answer"],
  ["in the head of the answer", { afterAnswerBytes: 9, part: "head" }],
];
const KINDS: readonly RequestKind[] = ["head-blob", "start-upload", "append", "commit", "put-manifest"];

for (const profile of PROFILES) {
  Deno.test(`a connection cut at any request is opened again: ${profile}`, async () => {
    await using stage = await makePushStage();
    for (const [when, moment] of MOMENTS) {
      for (const on of KINDS) {
        await using registry = startTestRegistry({ profile });
        const fault = registry.addFault({ on, do: dropConnection(moment) });
        const run = await stage.push(registry);
        const where = `${on}, ${when}`;
        assert.equal(fault.strikes, 1, where);
        stage.assertPushed(run, registry);
        assert.ok(uploadedBytes(registry) < 2 * LAYER_BYTES, `${where}: at most once more`);
        assert.deepEqual(await stage.journal(), [], where);
      }
    }
  });
}

const CUT_PARTS: readonly [ProfileName, string, string[]][] = [
  ["spec", "goes on within the part", ["PATCH 1", "PATCH cut", "PATCH 1", "PATCH 1"]],
  ["distribution-3", "goes on within the part", ["PATCH 1", "PATCH cut", "PATCH 1", "PATCH 1"]],
  ["acr", "goes on within the part", ["PATCH 1", "PATCH cut", "PATCH 1", "PATCH 1"]],
  [
    "distribution-2.8",
    "starts over, as the registry does",
    ["PATCH 1", "PATCH cut", "PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"],
  ],
  [
    "zot",
    "starts over, as the registry does",
    ["PATCH 1", "PATCH cut", "PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"],
  ],
  [
    "pulp",
    "starts over where the status cannot be asked",
    ["PATCH 1", "PATCH cut", "PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"],
  ],
];

for (const [profile, what, bodies] of CUT_PARTS) {
  Deno.test(`a connection cut within a part: ${profile} ${what}`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry({ profile });
    registry.addFault({ on: "append", nth: 2, do: dropConnection({ afterBodyBytes: MIB / 2 }) });
    const run = await stage.push(registry);
    stage.assertPushed(run, registry);
    assert.deepEqual(layerBodies(registry), bodies);
  });
}

Deno.test("an answer to a part that breaks off counts for what its status said", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", nth: 2, do: dropConnection({ afterAnswerBytes: 60, part: "head" }) });
  stage.assertPushed(await stage.push(registry), registry);
  assert.equal(uploadedBytes(registry) - LAYER_BYTES < 4096, true, "nothing of the layer goes out twice");
});

Deno.test("a commit whose answer was lost is looked for, not sent again", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({ profile: "distribution-2.8" });
  registry.addFault({ on: "commit", do: dropConnection("before-answer") });
  const run = await stage.push(registry);
  stage.assertPushed(run, registry);
  assert.deepEqual(layerBodies(registry), ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"]);
  assert.equal(run.report?.sentBytes, uploadedBytes(registry));
});

Deno.test("a commit that takes three minutes is waited for", async () => {
  const clock = new FakeClock({ autoAdvance: true });
  await using stage = await makePushStage({ clock });
  await using registry = startTestRegistry({ profile: "distribution-2.8" });
  const { arrived, note } = onArrival();
  const finished = Promise.withResolvers<void>();
  registry.addFault({ on: "commit", do: waitFor(finished.promise, "before-answer") });
  registry.addFault({ on: "commit", do: note });
  const pushing = stage.push(registry);
  await arrived;
  await clock.advance(180_000);
  finished.resolve();
  stage.assertPushed(await pushing, registry);
  assert.equal(
    registry.requests.filter(({ kind }) => kind === "commit").length,
    2,
    "layer and config, once each",
  );
  assert.deepEqual(clock.sleptMs, []);
});

// A body this small is in the network's buffers at once: then the registry may take its time.
const PATIENCE_MS = {
  "head-blob": 60_000,
  "start-upload": 60_000,
  "append": 300_000,
  "commit": 900_000,
  "put-manifest": 300_000,
} as const;

for (const [on, patienceMs] of Object.entries(PATIENCE_MS) as [keyof typeof PATIENCE_MS, number][]) {
  Deno.test(`a registry that goes silent is asked again after a while: ${on}`, async () => {
    const clock = new FakeClock({ autoAdvance: true });
    await using stage = await makePushStage({ clock });
    await using registry = startTestRegistry();
    const { arrived, note } = onArrival();
    registry.addFault({ on, do: stall("before-body") });
    registry.addFault({ on, do: note });
    const pushing = stage.push(registry);
    await arrived;
    // The body goes out behind its head: until then it would be missed sooner.
    for (let turn = 0; turn < 50; turn++) await clock.advance(0);
    await clock.advance(patienceMs - 1);
    assert.deepEqual(clock.sleptMs, [], "still waiting for the answer");
    await clock.advance(1);
    stage.assertPushed(await pushing, registry);
    assert.equal(clock.sleptMs.length, 1, "one attempt more");
  });
}

Deno.test("a registry that stops reading in the middle of a part is given up after a minute", async () => {
  const clock = new FakeClock({ autoAdvance: true });
  await using stage = await makePushStage({ clock, layerBytes: [32 * MIB] });
  await using registry = startTestRegistry();
  const stalled = Promise.withResolvers<void>();
  registry.addFault({
    on: "append",
    do: async (exchange, next) => {
      const behaviour = stall({ afterBodyBytes: MIB });
      stalled.resolve();
      return await behaviour(exchange, next);
    },
  });
  const pushing = stage.push(registry, { chunkSizeBytes: 24 * MIB });
  await stalled.promise;
  let run: Awaited<typeof pushing> | undefined;
  void pushing.then((ended) => run = ended);
  // The buffers between must be full before nothing moves; a minute later the attempt ends.
  while (clock.sleptMs.length === 0) await clock.advance(1_000);
  await pushing;
  stage.assertPushed(run!, registry);
  const retried = run!.events.find((event) => event.type === "blob:retry");
  assert.match(retried?.reason ?? "", /nothing moved for 60 s during PATCH/);
  assert.equal(registry.requests.filter(({ kind }) => kind === "append").length, 3);
});

Deno.test("a registry that never answers is given up with what was tried", async () => {
  const clock = new FakeClock({ autoAdvance: true });
  await using stage = await makePushStage({ clock });
  await using registry = startTestRegistry();
  registry.addFault({ on: "start-upload", times: Infinity, do: stall("before-body") });
  const pushing = stage.push(registry);
  for (let attempt = 1; attempt <= 5; attempt++) {
    await registry.waitForRequest("start-upload", attempt);
    await clock.advance(60_000);
  }
  const { error } = await pushing;
  assert.match(String(error), /nothing moved for 60 s during POST/);
  assert.equal(registry.repository("app").tags.size, 0);
});

const EARLY: readonly [string, Behaviour][] = [
  ["413", answerWith(htmlPage(413, "Request Entity Too Large"), { afterBodyBytes: 1 })],
  ["416", refuse(416, "BLOB_UPLOAD_INVALID", { message: "request body is too large", afterBodyBytes: 1 })],
  ["401", refuse(401, "UNAUTHORIZED", { afterBodyBytes: 1 })],
  ["500", refuse(500, "UNKNOWN", { afterBodyBytes: 1 })],
];

for (const [status, behaviour] of EARLY) {
  for (const isRude of [false, true]) {
    const how = isRude ? "and a hung up connection " : "";
    Deno.test(`an answer ${status} ${how}while a part is still being sent is understood`, async () => {
      await using stage = await makePushStage({ layerBytes: [24 * MIB] });
      const auth = status === "401" ? { type: "bearer", users: { alice: "s3cret" } } as const : undefined;
      await using registry = startTestRegistry(auth ? { auth } : {});
      const hangUp: Behaviour = (exchange, next) => {
        if (isRude) exchange.closeAfterAnswer();
        return next();
      };
      registry.addFault({ on: "append", nth: 2, do: behaviour });
      registry.addFault({ on: "append", nth: 2, do: hangUp });
      const run = await stage.push(registry, {
        chunkSizeBytes: 10 * MIB,
        credentials: auth && { username: "alice", password: "s3cret" },
      });
      stage.assertPushed(run, registry);
      const sentAgain = uploadedBytes(registry) - 24 * MIB;
      assert.ok(sentAgain < 11 * MIB, `${sentAgain} bytes were sent again: one part at most`);
    });
  }
}
