import assert from "node:assert/strict";
import { layerBodies, makePushStage } from "../../support/push_stage.ts";
import { refuse, rewriteAnswer, withHeader, withStatus } from "../../support/registry/answer_faults.ts";
import { dropConnection, meddle } from "../../support/registry/connection_faults.ts";
import type { Behaviour, Fault } from "../../support/registry/fault.ts";
import { withAnswerHeader } from "../../support/registry/http_message.ts";
import { type LocationForm, writeLocation } from "../../support/registry/location_form.ts";
import {
  bare416,
  keepStateInLocation,
  loseSession,
  rangeOfEmpty,
  staleRange,
} from "../../support/registry/upload_quirks.ts";
import { startTestRegistry } from "../../support/test_registry.ts";

const MIB = 2 ** 20;
const IN_ORDER = ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"];

/** Something that is so with every request of these kinds. */
function always(on: Fault["on"], behaviour: Behaviour): Fault {
  return { on: on!, times: Infinity, do: behaviour };
}

/** Takes bytes away behind the client's back, so that the next part starts at the wrong one. */
const rewind: Fault = {
  on: "append",
  nth: 2,
  do: meddle(({ session }) => void (session!.sizeBytes -= 1000)),
};

for (const isBare of [false, true]) {
  Deno.test(`416 ${isBare ? "without" : "with"} Location and Range: the blob starts over`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry({
      profile: isBare ? "distribution-3" : "spec",
      faults: [rewind],
    });
    if (isBare) registry.addFault(always("append", bare416()));
    const run = await stage.push(registry);
    stage.assertPushed(run, registry);
    assert.deepEqual(layerBodies(registry), ["PATCH 1", "PATCH 416", ...IN_ORDER]);
  });
}

const RANGES: readonly [string, Behaviour][] = [
  ["stays at the first part", staleRange()],
  ["is missing", withHeader("Range", undefined)],
  ["has a unit", withHeader("Range", (range) => range && `bytes=${range}`)],
  ["says 0-0 while it is empty", rangeOfEmpty("0-0")],
  ["says 0--1 while it is empty", rangeOfEmpty("0--1")],
  ["is missing while it is empty", rangeOfEmpty(undefined)],
];

for (const [what, behaviour] of RANGES) {
  Deno.test(`a session whose Range ${what} takes every part once`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry({
      faults: [always(["start-upload", "append", "status"], behaviour)],
    });
    stage.assertPushed(await stage.push(registry), registry);
    assert.deepEqual(layerBodies(registry), IN_ORDER);
  });
}

for (const [what, behaviour] of RANGES) {
  Deno.test(`a session whose Range ${what} is asked after a cut`, async () => {
    for (const nth of [1, 3]) {
      await using stage = await makePushStage();
      await using registry = startTestRegistry({
        faults: [always(["start-upload", "append", "status"], behaviour)],
      });
      registry.addFault({ on: "append", nth, do: dropConnection("before-body") });
      stage.assertPushed(await stage.push(registry), registry);
      const bodies = layerBodies(registry);
      assert.equal(bodies[nth - 1], "PATCH cut");
      const isUnclear = nth === 3 && /first part|missing$/.test(what);
      const expected = isUnclear ? IN_ORDER : IN_ORDER.slice(nth - 1);
      assert.deepEqual(bodies.slice(nth), expected, isUnclear ? "starts over" : "goes on");
    }
  });
}

for (const [on, statuses] of [["append", [201, 202, 204]], ["commit", [200, 201, 204]]] as const) {
  for (const status of statuses) {
    Deno.test(`${on} answered with ${status} is a success`, async () => {
      await using stage = await makePushStage();
      await using registry = startTestRegistry({ faults: [always(on, withStatus(status))] });
      stage.assertPushed(await stage.push(registry), registry);
      assert.deepEqual(layerBodies(registry), IN_ORDER);
    });
  }
}

const FORMS: readonly LocationForm[] = [
  "absolute",
  "path-relative",
  "other-host",
  "lost-port",
  "query",
  "question-mark",
  "ampersand",
  "singular-path",
  "outside-v2",
];

for (const form of FORMS) {
  Deno.test(`a Location in the form "${form}" is followed`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry({
      faults: [always(["start-upload", "append", "status"], writeLocation(form))],
    });
    const run = await stage.push(registry);
    stage.assertPushed(run, registry);
    assert.deepEqual(layerBodies(registry), IN_ORDER);
  });
}

Deno.test("a Location on another host gets no credentials", async () => {
  await using stage = await makePushStage();
  const users = { alice: "s3cret" };
  await using registry = startTestRegistry({
    // Whoever knows the Location may write there.
    auth: { type: "basic", users, allows: (_, __, action) => action !== "delete" },
    faults: [always(["start-upload", "append"], writeLocation("other-host"))],
  });
  const run = await stage.push(registry, { credentials: { username: "alice", password: "s3cret" } });
  stage.assertPushed(run, registry);
  const elsewhere = registry.requests.filter(({ headers }) => headers.get("host")?.startsWith("localhost:"));
  assert.ok(elsewhere.length > 0);
  assert.deepEqual(elsewhere.filter(({ headers }) => headers.has("authorization")), []);
});

Deno.test("a Location that points into a foreign scheme is refused", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({
    faults: [always("start-upload", withHeader("Location", "file:///etc/passwd"))],
  });
  const { error } = await stage.push(registry);
  assert.match(String(error), /upload location cannot be trusted, as its scheme is file:/);
  assert.equal(registry.repository("app").tags.size, 0);
});

Deno.test("an answer that names no Location is refused where one is needed, and keeps the old one elsewhere", async () => {
  await using stage = await makePushStage();
  await using silent = startTestRegistry({
    faults: [always("start-upload", withHeader("Location", undefined))],
  });
  assert.match(String((await stage.push(silent)).error), /names no upload location/);
  await using terse = startTestRegistry({ faults: [always("append", withHeader("Location", undefined))] });
  stage.assertPushed(await stage.push(terse), terse);
});

for (const onStale of ["forget", "refuse"] as const) {
  Deno.test(`a Location whose state rotates is renewed with every answer (${onStale}s old ones)`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry({
      faults: [always(["start-upload", "append", "status", "commit"], keepStateInLocation(onStale))],
    });
    stage.assertPushed(await stage.push(registry), registry);
    assert.deepEqual(layerBodies(registry), IN_ORDER);
  });

  Deno.test(`a Location that became stale costs the blob at most (${onStale}s old ones)`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry({
      faults: [always(["start-upload", "append", "status", "commit"], keepStateInLocation(onStale))],
    });
    // The part is stored, its answer and with it the new Location is lost.
    registry.addFault({ on: "append", nth: 2, do: dropConnection("before-answer") });
    stage.assertPushed(await stage.push(registry), registry);
    const rest = onStale === "forget" ? IN_ORDER : IN_ORDER.slice(2);
    assert.deepEqual(layerBodies(registry), ["PATCH 1", "PATCH cut", ...rest]);
  });
}

const LOSSES: readonly [Fault["on"], string[]][] = [
  ["append", ["PATCH 1", "PATCH 404", ...IN_ORDER]],
  ["commit", [...IN_ORDER, ...IN_ORDER]],
];

for (const [on, bodies] of LOSSES) {
  Deno.test(`a session that is lost before ${on} starts over`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry();
    registry.addFault({ on: on!, nth: on === "append" ? 2 : 1, do: meddle(loseSession) });
    stage.assertPushed(await stage.push(registry), registry);
    assert.deepEqual(layerBodies(registry), bodies);
  });
}

Deno.test("a session that is lost between two parts is lost without harm to what is pushed beside it", async () => {
  await using stage = await makePushStage({ layerBytes: [3 * MIB, 3.25 * MIB, 3.5 * MIB] });
  await using registry = startTestRegistry({ profile: "distribution-2.8" });
  registry.addFault({ on: "append", nth: 4, times: 2, do: meddle(loseSession) });
  const run = await stage.push(registry);
  stage.assertPushed(run, registry);
});

Deno.test("a status that cannot be asked starts the blob over after a cut, and only then", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({
    faults: [always("status", refuse(404, "BLOB_UPLOAD_UNKNOWN"))],
  });
  registry.addFault({ on: "append", nth: 3, do: dropConnection("before-answer") });
  stage.assertPushed(await stage.push(registry), registry);
  assert.deepEqual(layerBodies(registry), ["PATCH 1", "PATCH 1", "PATCH cut", ...IN_ORDER]);
});

Deno.test("a session that refuses a part although its status asks for it is given up", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", nth: 2, times: 2, do: refuse(416, "RANGE_INVALID") });
  stage.assertPushed(await stage.push(registry), registry);
  assert.deepEqual(layerBodies(registry), ["PATCH 1", "PATCH 416", "PATCH 416", ...IN_ORDER]);
});

Deno.test("a status that speaks of more than can have arrived is not believed", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({
    faults: [always("status", rewriteAnswer((answer) => withAnswerHeader(answer, "Range", "0-99999999")))],
  });
  registry.addFault({ on: "append", nth: 2, do: dropConnection("before-body") });
  stage.assertPushed(await stage.push(registry), registry);
  assert.deepEqual(layerBodies(registry), ["PATCH 1", "PATCH cut", ...IN_ORDER]);
});

Deno.test("a part that was taken and forgotten shows at the commit, and the blob starts over once", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({ profile: "distribution-2.8" });
  const lastByte: Fault = {
    on: "append",
    nth: 4,
    do: async ({ session }, next) => {
      const undo = session!.snapshot();
      const answer = await next();
      undo();
      // As if the state in the Location were not checked either.
      session!.sizeBytes += MIB / 2;
      return answer;
    },
  };
  registry.addFault(lastByte);
  const run = await stage.push(registry);
  stage.assertPushed(run, registry);
  assert.deepEqual(layerBodies(registry), [...IN_ORDER, ...IN_ORDER]);
});
