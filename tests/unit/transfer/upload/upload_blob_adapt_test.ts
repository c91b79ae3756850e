import assert from "node:assert/strict";
import { isPusherError, PusherError } from "../../../../lib/errors.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import type { UploadEntry, UploadRecord } from "../../../../lib/transfer/ports.ts";
import { uploadBlob } from "../../../../lib/transfer/upload/upload_blob.ts";
import { UploadHost } from "../../../../lib/transfer/upload/upload_host.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { dryBlob, type DryCall, DryTarget, UNREAD_SOURCE } from "../dry_target.ts";
import { broken, refusal } from "../memory_target.ts";
import { readAlone } from "../push/read_alone.ts";

const MIB = 2 ** 20;
const POLICY = { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 30_000, maxServerDelayMs: 300_000 };

interface Scenario {
  registry?: string;
  sizeBytes?: number;
  record?: UploadRecord;
  answer?: DryTarget["answer"];
}

interface Outcome {
  error: unknown;
  target: DryTarget;
  host: UploadHost;
  clock: FakeClock;
  events: TransferEvent[];
  /** What the journal was told: offsets, and `removed`. */
  journal: (number | "removed" | "released")[];
  /** Every body that went out, in MiB. */
  bodies: (number | string)[];
}

async function upload(scenario: Scenario): Promise<Outcome> {
  const target = new DryTarget(scenario.registry);
  target.answer = scenario.answer ?? (() => {});
  const clock = new FakeClock({ autoAdvance: true });
  const host = new UploadHost({ registry: target.registry, concurrency: 4, chunkSizeBytes: 10 * MIB, clock });
  const events: TransferEvent[] = [];
  const journal: Outcome["journal"] = [];
  const entry: UploadEntry = {
    record: scenario.record,
    save: ({ offsetBytes }) => Promise.resolve(void journal.push(offsetBytes / MIB)),
    remove: () => Promise.resolve(void journal.push("removed")),
    [Symbol.dispose]: () => void journal.push("released"),
  };
  let error: unknown;
  try {
    const blob = dryBlob(scenario.sizeBytes ?? 35 * MIB);
    await uploadBlob(blob, {
      ...readAlone(UNREAD_SOURCE, blob, clock),
      target,
      host,
      clock,
      journal: { claim: () => Promise.resolve(entry) },
      policy: POLICY,
      random: () => 0.5,
      signal: new AbortController().signal,
      onEvent: (event) => events.push(event),
    });
  } catch (thrown) {
    error = thrown;
  }
  return { error, target, host, clock, events, journal, bodies: target.calls.flatMap(bodyOf) };
}

function bodyOf(call: DryCall): (number | string)[] {
  if (call.call === "append") return [call.isWhole ? `whole ${call.sizeBytes / MIB}` : call.sizeBytes / MIB];
  return call.call === "commit" && call.sizeBytes !== undefined ? [`commit ${call.sizeBytes / MIB}`] : [];
}

function unavailable(): PusherError {
  return new PusherError("REGISTRY_UNAVAILABLE", "Cannot upload: the registry answered 500", {
    detail: { registry: "r.example", request: "GET /u", status: 500, errorCodes: [], unknownDigests: [] },
    retryable: true,
  });
}

const isAppend = (call: DryCall): boolean => call.call === "append";

Deno.test("an upload is remembered from its start and after every part, and forgotten when it is complete", async () => {
  const outcome = await upload({});
  assert.deepEqual(outcome.bodies, [10, 10, 10, 5]);
  assert.deepEqual(outcome.journal, [0, 10, 20, 30, 35, "removed", "released"]);
});

Deno.test("an upload that an earlier process left goes on where it was", async () => {
  const record = { location: "https://r.example/u", offsetBytes: 20 * MIB, minChunkBytes: 0 };
  const outcome = await upload({ record });
  assert.deepEqual(outcome.target.calls.map(({ call }) => call), ["recover", "append", "append", "commit"]);
  assert.deepEqual(outcome.bodies, [10, 5]);
  const [resumed] = outcome.events;
  assert.ok(resumed?.type === "blob:resumed" && resumed.offsetBytes === 20 * MIB);
  const netBytes = outcome.events.reduce(
    (sum, event) => event.type === "blob:bytes" ? sum + event.deltaBytes : sum,
    0,
  );
  assert.equal(netBytes, 15 * MIB);
});

Deno.test("an upload that an earlier process left and the registry forgot starts over", async () => {
  const record = { location: "https://r.example/u", offsetBytes: 20 * MIB, minChunkBytes: 0 };
  const outcome = await upload({ record, answer: (call) => call.call === "recover" ? false : undefined });
  assert.equal(outcome.error, undefined);
  assert.deepEqual(outcome.target.calls.map(({ call }) => call), [
    "recover",
    "start",
    "append",
    "append",
    "append",
    "append",
    "commit",
  ]);
  assert.equal(outcome.journal[0], "removed");
});

Deno.test("an upload that was left before its first part was durable goes on, or starts, without a word", async () => {
  const record = { location: "https://r.example/u", offsetBytes: 0, minChunkBytes: 0 };
  for (const isAlive of [true, false]) {
    const outcome = await upload({ record, answer: (call) => call.call === "recover" ? isAlive : undefined });
    assert.deepEqual(outcome.bodies, [10, 10, 10, 5]);
    assert.equal(outcome.target.calls.some(({ call }) => call === "start"), !isAlive);
    assert.deepEqual(outcome.events.filter(({ type }) => type === "notice" || type === "blob:resumed"), []);
  }
});

Deno.test("a session whose status is not believed is remembered from its first part on", async () => {
  const outcome = await upload({ registry: "public.ecr.aws" });
  assert.equal(outcome.journal[0], 10);
});

Deno.test("an earlier upload waits until the registry can be asked for it", async () => {
  const record = { location: "https://r.example/u", offsetBytes: 20 * MIB, minChunkBytes: 0 };
  const outcome = await upload({
    record,
    answer(call, nth) {
      if (call.call === "recover" && nth < 3) throw broken();
    },
  });
  assert.deepEqual(outcome.bodies, [10, 5]);
  assert.equal(outcome.target.calls.some(({ call }) => call === "start"), false);
});

Deno.test("an upload that the registry never says anything of, while it opens others, starts over", async () => {
  const record = { location: "https://r.example/u", offsetBytes: 20 * MIB, minChunkBytes: 0 };
  const outcome = await upload({
    record,
    answer(call) {
      if (call.call === "recover") throw unavailable();
    },
  });
  assert.equal(outcome.error, undefined);
  assert.deepEqual(outcome.bodies, [10, 10, 10, 5]);
});

Deno.test("an upload is kept for later when the registry can do nothing at all", async () => {
  const record = { location: "https://r.example/u", offsetBytes: 20 * MIB, minChunkBytes: 0 };
  const outcome = await upload({
    record,
    answer() {
      throw unavailable();
    },
  });
  assert.ok(isPusherError(outcome.error, "REGISTRY_UNAVAILABLE"));
  assert.deepEqual(outcome.journal, ["released"]);
});

Deno.test("a remembered session that turns out to be lost is not asked for again", async () => {
  // A registry whose status cannot be trusted is not asked: the first part shows it.
  const record = { location: "https://r.example/u", offsetBytes: 20 * MIB, minChunkBytes: 0 };
  const outcome = await upload({
    registry: "public.ecr.aws",
    record,
    answer(call, nth) {
      if (call.call === "append" && nth === 0) throw refusal(404, "BLOB_UPLOAD_UNKNOWN", true);
      return call.call !== "recover";
    },
  });
  assert.equal(outcome.error, undefined);
  assert.deepEqual(outcome.bodies, [10, 10, 10, 10, "commit 5"]);
});

Deno.test("an outage is waited for, however much could be learned from it", async () => {
  const outcome = await upload({
    answer(call, nth) {
      if (isAppend(call) && nth >= 1 && nth <= 4) throw broken();
    },
  });
  assert.equal(outcome.error, undefined);
  assert.deepEqual(outcome.clock.sleptMs, [1_000, 2_000, 4_000, 8_000]);
});

Deno.test("a small blob on a link that always breaks is given up after the last attempt", async () => {
  for (const registry of ["r.example", "ghcr.io", "gcr.io", "public.ecr.aws"]) {
    const outcome = await upload({
      registry,
      sizeBytes: 5,
      answer(call, nth) {
        assert.ok(nth < 100, `${registry}: it never ends`);
        if (call.call === "commit") throw broken();
      },
    });
    assert.ok(isPusherError(outcome.error, "NETWORK"), String(outcome.error));
    assert.ok(outcome.clock.sleptMs.filter((ms) => ms > 0).length >= 4, "not without waiting");
  }
});

Deno.test("a registry that cannot even be asked teaches nothing about the size of parts", async () => {
  let failures = 0;
  const outcome = await upload({
    answer(call, nth) {
      if (isAppend(call) && nth === 1 || failures > 0 && failures < 4) {
        failures++;
        throw broken();
      }
    },
  });
  assert.equal(outcome.error, undefined);
  assert.deepEqual(outcome.bodies, [10, 10, 10, 10, 5]);
  assert.equal(outcome.host.policy.maxChunkBytes, Infinity);
});

Deno.test("a link that cuts each part gets smaller ones", async () => {
  const outcome = await upload({
    answer(call) {
      if (call.call === "append" && call.sizeBytes > 5 * MIB) throw broken();
    },
  });
  assert.equal(outcome.error, undefined);
  assert.deepEqual(outcome.bodies, [10, 10, 5, 5, 5, 5, 5, 5, 5]);
});

Deno.test("a proxy that limits bodies gets smaller ones, at once", async () => {
  const outcome = await upload({
    answer(call) {
      if (call.call === "append" && call.sizeBytes > MIB) throw refusal(413, "", false);
    },
    sizeBytes: 12 * MIB,
  });
  assert.equal(outcome.error, undefined);
  assert.deepEqual(outcome.bodies, [10, 5, 4, ...Array.from({ length: 12 }, () => 1)]);
  assert.deepEqual(outcome.clock.sleptMs.filter((ms) => ms > 0), []);
});

Deno.test("a proxy that limits bodies gets a small blob in parts, too", async () => {
  const outcome = await upload({
    answer(call) {
      if (call.call === "commit" && (call.sizeBytes ?? 0) > 5 * MIB) throw refusal(413, "", false);
    },
    sizeBytes: 8 * MIB,
  });
  assert.equal(outcome.error, undefined);
  assert.deepEqual(outcome.bodies, ["commit 8", 5, 3]);
});

Deno.test("a registry that takes no parts gets the whole, streamed or in the commit", async () => {
  const outcome = await upload({
    answer(call) {
      if (call.call === "append") throw refusal(call.isWhole ? 400 : 405, "UNSUPPORTED", false);
    },
  });
  assert.equal(outcome.error, undefined);
  assert.deepEqual(outcome.bodies, [10, "whole 35", "commit 35"]);
});

Deno.test("Amazon gets its last part with the commit", async () => {
  const outcome = await upload({ registry: "public.ecr.aws" });
  assert.deepEqual(outcome.bodies, [10, 10, 10, "commit 5"]);
  const exact = await upload({ registry: "public.ecr.aws", sizeBytes: 20 * MIB });
  assert.deepEqual(exact.bodies, [10, "commit 10"]);
});

Deno.test("a digest that the registry finds wrong is tried once more, from the start", async () => {
  let commits = 0;
  const wrong = refusal(400, "DIGEST_INVALID", false);
  const answer: DryTarget["answer"] = (call) => {
    if (call.call === "commit" && commits++ === 0) throw wrong;
  };
  const outcome = await upload({ answer });
  assert.equal(outcome.error, undefined);
  assert.deepEqual(outcome.bodies, [10, 10, 10, 5, 10, 10, 10, 5]);
  assert.deepEqual(outcome.journal, [0, 10, 20, 30, 35, "removed", 0, 10, 20, 30, 35, "removed", "released"]);
  const hopeless = await upload({
    answer(call) {
      if (call.call === "commit") throw wrong;
    },
  });
  assert.equal(hopeless.error, wrong);
  assert.equal(hopeless.bodies.length, 8);
});

Deno.test("a registry in trouble is spared by everybody", async () => {
  const busy = new PusherError("REGISTRY_UNAVAILABLE", "answered 429", {
    detail: {
      registry: "r.example",
      request: "PATCH /u",
      status: 429,
      errorCodes: [],
      unknownDigests: [],
      retryAfterMs: 20_000,
    },
    retryable: true,
  });
  const outcome = await upload({
    sizeBytes: 15 * MIB,
    answer(call, nth) {
      if (isAppend(call) && nth === 0) throw busy;
    },
  });
  assert.equal(outcome.error, undefined);
  assert.ok(outcome.clock.sleptMs[0]! >= 20_000);
  assert.equal(outcome.host.limiter.allowed, 2, "half of four");
});

Deno.test("what a later run can go on with is kept, when this one gives up", async () => {
  const outcome = await upload({
    answer(call, nth) {
      if (isAppend(call) && nth >= 2) throw broken();
    },
  });
  assert.ok(isPusherError(outcome.error, "NETWORK"));
  assert.deepEqual(outcome.journal, [0, 10, 20, "released"]);
});

Deno.test("what a later run cannot go on with is forgotten", async () => {
  const outcome = await upload({
    answer(call) {
      if (isAppend(call)) throw refusal(403, "DENIED", false);
    },
  });
  assert.deepEqual(outcome.journal, [0, "removed", "released"]);
  const lost = await upload({
    answer(call, nth) {
      if (isAppend(call) && nth === 1) throw refusal(404, "BLOB_UPLOAD_UNKNOWN", true);
      return call.call !== "recover";
    },
  });
  assert.deepEqual(lost.journal, [0, 10, "removed", 0, 10, 20, 30, 35, "removed", "released"]);
});
