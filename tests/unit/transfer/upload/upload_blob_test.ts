import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { type Digest, sha256Digest } from "../../../../lib/spec/digest.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { uploadBlob } from "../../../../lib/transfer/upload/upload_blob.ts";
import { UploadHost } from "../../../../lib/transfer/upload/upload_host.ts";
import { createSha } from "../../../../lib/util/sha256.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { broken, MemoryTarget, type Moment, refusal } from "../memory_target.ts";
import { readAlone } from "../push/read_alone.ts";

const BYTES = Uint8Array.from({ length: 25 }, (_, index) => index * 7);
const CHUNK_BYTES = 10;
const POLICY = { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 30_000, maxServerDelayMs: 300_000 };

interface Scenario {
  bytes?: Uint8Array;
  digest?: Digest;
  minChunkBytes?: number;
  chunkSizeBytes?: number;
  signal?: AbortSignal;
  clock?: FakeClock;
  script?: (moment: Moment) => void | Promise<void>;
}

interface Outcome {
  target: MemoryTarget;
  source: MemoryBlobs;
  events: TransferEvent[];
  clock: FakeClock;
  /** What it threw. */
  error: unknown;
  /** Whether the target holds exactly the blob. */
  isThere: boolean;
  /** Sum of all `blob:bytes`. */
  netBytes: number;
}

async function upload(scenario: Scenario = {}): Promise<Outcome> {
  const { bytes = BYTES, clock = new FakeClock({ autoAdvance: true }) } = scenario;
  const target = new MemoryTarget();
  target.minChunkBytes = scenario.minChunkBytes ?? 0;
  target.script = scenario.script ?? (() => {});
  const source = new MemoryBlobs();
  const blob = await source.add(bytes, scenario.digest);
  const events: TransferEvent[] = [];
  let error: unknown;
  try {
    const { chunkSizeBytes = CHUNK_BYTES } = scenario;
    const host = new UploadHost({ registry: target.registry, concurrency: 3, chunkSizeBytes, clock });
    await uploadBlob(blob, {
      ...readAlone(source, blob, clock),
      target,
      host,
      clock,
      policy: POLICY,
      random: () => 0.5,
      signal: scenario.signal ?? new AbortController().signal,
      onEvent: (event) => events.push(event),
    });
  } catch (thrown) {
    error = thrown;
  }
  const stored = target.blobs.get(blob.digest);
  const isThere = stored !== undefined && stored.join() === bytes.join();
  const netBytes = events.reduce(
    (sum, event) => event.type === "blob:bytes" ? sum + event.deltaBytes : sum,
    0,
  );
  return { target, source, events, clock, error, isThere, netBytes };
}

function assertDone({ error, isThere, netBytes, events }: Outcome, sizeBytes = BYTES.length): void {
  assert.equal(error, undefined);
  assert.equal(isThere, true);
  assert.equal(netBytes, sizeBytes, "what events tell adds up to the blob");
  let toldBytes = 0;
  for (const event of events) {
    if (event.type !== "blob:bytes") continue;
    toldBytes += event.deltaBytes;
    assert.ok(toldBytes >= 0, "never less than nothing");
  }
}

/** Fails at the first moment that matches, once. */
function once(matches: Partial<Moment>, fault: (moment: Moment) => void): (moment: Moment) => void {
  let isOver = false;
  return (moment) => {
    if (isOver || Object.entries(matches).some(([key, value]) => moment[key as keyof Moment] !== value)) {
      return;
    }
    isOver = true;
    fault(moment);
  };
}

const breakOff = (): never => {
  throw broken();
};

Deno.test("uploadBlob() sends a small blob in one request and a large one in parts", async () => {
  const cases: [number, number, string[]][] = [
    [0, 0, ["commit with 0"]],
    [1, 0, ["commit with 1"]],
    [10, 0, ["commit with 10"]],
    [11, 0, ["append 0+10", "append 10+1", "commit"]],
    [20, 0, ["append 0+10", "append 10+10", "commit"]],
    [25, 0, ["append 0+10", "append 10+10", "append 20+5", "commit"]],
    [25, 12, ["append 0+12", "append 12+12", "append 24+1", "commit"]],
    [25, 25, ["commit with 25"]],
    [25, 1_000, ["commit with 25"]],
    [25, 3, ["append 0+10", "append 10+10", "append 20+5", "commit"]],
  ];
  for (const [sizeBytes, minChunkBytes, calls] of cases) {
    const outcome = await upload({ bytes: BYTES.subarray(0, sizeBytes), minChunkBytes });
    assertDone(outcome, sizeBytes);
    assert.deepEqual(outcome.target.calls, ["startUpload", ...calls]);
  }
});

Deno.test("uploadBlob() goes on from what the registry holds after a part that broke off", async () => {
  // How much of the second part the registry keeps, and what is sent then.
  const cases: [number, string[]][] = [
    [0, ["append 10+10", "append 20+5"]],
    [4, ["append 14+10", "append 24+1"]],
    [10, ["append 20+5"]],
  ];
  for (const [keptBytes, rest] of cases) {
    const outcome = await upload({
      script: once({ call: "append", nth: 1, phase: "after" }, ({ upload }) => {
        upload!.held.length = 10 + keptBytes;
        breakOff();
      }),
    });
    assertDone(outcome);
    const calls = outcome.target.calls.filter((call) => !call.startsWith("recover"));
    assert.deepEqual(
      calls,
      ["startUpload", "append 0+10", "append 10+10", ...rest, "commit"],
      `${keptBytes} kept`,
    );
    assert.deepEqual(outcome.clock.sleptMs, [1_000]);
    const retried = outcome.events.findIndex(({ type }) => type === "blob:retry");
    const next = outcome.events[retried + 1];
    const takenBackBytes = next?.type === "blob:bytes" && next.deltaBytes < 0 ? -next.deltaBytes : 0;
    assert.equal(takenBackBytes, 10 - keptBytes, "what has to be sent again is taken back at once");
  }
});

Deno.test("uploadBlob() never believes that more has arrived than was sent", async () => {
  const outcome = await upload({
    script: once({ call: "append", nth: 1, phase: "during" }, ({ upload }) => {
      upload!.held = [...upload!.held, ...new Uint8Array(10)];
      breakOff();
    }),
  });
  assertDone(outcome);
  const [recover] = outcome.target.calls.filter((call) => call.startsWith("recover"));
  assert.equal(recover, "recover 14", "10 confirmed, 4 of the part that broke off");
});

Deno.test("uploadBlob() starts over when the session is lost", async () => {
  for (const fault of [() => refusal(404, "BLOB_UPLOAD_UNKNOWN", true), broken]) {
    const outcome = await upload({
      script: once({ call: "append", nth: 1, phase: "before" }, ({ upload }) => {
        upload!.isKnown = false;
        throw fault();
      }),
    });
    assertDone(outcome);
    assert.equal(outcome.target.calls.filter((call) => call === "startUpload").length, 2);
    assert.equal(outcome.source.opened.filter((range) => range === "0+10").length, 2);
  }
});

Deno.test("uploadBlob() keeps its session through an outage in which nothing can be asked", async () => {
  let isDown = false;
  let failures = 0;
  const outcome = await upload({
    script({ call, nth, phase }) {
      if (call === "append" && nth === 1 && phase === "during") isDown = true;
      if (isDown && failures++ < 4) breakOff();
    },
  });
  assertDone(outcome);
  assert.equal(outcome.target.calls.filter((call) => call === "startUpload").length, 1);
  assert.deepEqual(outcome.clock.sleptMs, [1_000, 2_000, 4_000, 8_000]);
});

Deno.test("uploadBlob() notices that a commit worked although its answer was lost", async () => {
  for (const bytes of [BYTES, BYTES.subarray(0, 5), new Uint8Array()]) {
    const outcome = await upload({ bytes, script: once({ call: "commit", phase: "after" }, breakOff) });
    assertDone(outcome, bytes.length);
    const { calls } = outcome.target;
    assert.equal(calls.filter((call) => call.startsWith("commit")).length, 1);
    assert.equal(calls.filter((call) => call === "startUpload").length, 1);
  }
});

Deno.test("uploadBlob() asks again whether a commit worked when that could not be asked", async () => {
  let questions = 0;
  const outcome = await upload({
    script({ call, phase, nth }) {
      if (call === "commit" && phase === "after") breakOff();
      if (call === "hasBlob" && phase === "before" && questions++ < 2) breakOff();
      assert.ok(call !== "startUpload" || nth === 0, "no second upload of what is there");
    },
  });
  assertDone(outcome);
});

Deno.test("uploadBlob() commits again when the first commit did nothing", async () => {
  for (const [sizeBytes, commit] of [[25, "commit"], [5, "commit with 5"]] as const) {
    const bytes = BYTES.subarray(0, sizeBytes);
    const outcome = await upload({ bytes, script: once({ call: "commit", phase: "before" }, breakOff) });
    assertDone(outcome, sizeBytes);
    assert.equal(outcome.target.calls.filter((call) => call === commit).length, 2);
    assert.equal(outcome.target.calls.filter((call) => call === "startUpload").length, 1);
  }
});

Deno.test("uploadBlob() goes on after a single request of which part has arrived", async () => {
  const outcome = await upload({
    bytes: BYTES.subarray(0, 10),
    script: once({ call: "commit", phase: "during", receivedBytes: 8 }, breakOff),
  });
  assertDone(outcome, 10);
  assert.deepEqual(outcome.target.calls.slice(-2), ["append 8+2", "commit"]);
});

Deno.test("uploadBlob() counts attempts from the last progress", async () => {
  const failuresAt = new Map<number, number>();
  const outcome = await upload({
    chunkSizeBytes: 5,
    script({ call, phase, upload }) {
      if (call !== "append" || phase !== "before") return;
      const failures = failuresAt.get(upload!.offsetBytes) ?? 0;
      failuresAt.set(upload!.offsetBytes, failures + 1);
      if (failures < 4) breakOff();
    },
  });
  assertDone(outcome);
  assert.equal(outcome.clock.sleptMs.length, 5 * 4);
  assert.deepEqual(outcome.clock.sleptMs.slice(0, 5), [1_000, 2_000, 4_000, 8_000, 1_000]);
});

Deno.test("uploadBlob() gives up after the last attempt without progress, and cancels", async () => {
  const outcome = await upload({
    script({ call, phase, nth }) {
      if (call === "append" && nth >= 1 && phase === "during") breakOff();
      if (call === "append" && nth >= 1 && phase === "before") throw broken();
    },
  });
  assert.ok(isPusherError(outcome.error, "NETWORK"));
  assert.equal(outcome.clock.sleptMs.length, 4);
  assert.equal(outcome.target.calls.at(-1), "cancel");
  assert.equal(outcome.isThere, false);
});

Deno.test("uploadBlob() throws what the registry refused, not how cancelling went", async () => {
  const denied = refusal(400, "SIZE_INVALID", false);
  const outcome = await upload({
    script({ call, phase }) {
      if (call === "append" && phase === "before") throw denied;
    },
  });
  assert.equal(outcome.error, denied);
  assert.deepEqual(outcome.clock.sleptMs, []);
  assert.equal(outcome.target.calls.at(-1), "cancel");
});

Deno.test("uploadBlob() says when it tries again, and why", async () => {
  const outcome = await upload({
    script({ call, phase, nth }) {
      if (call === "append" && phase === "before" && nth < 2) breakOff();
    },
  });
  const retries = outcome.events.filter((event) => event.type === "blob:retry");
  assert.deepEqual(retries.map(({ attempt, delayMs }) => [attempt, delayMs]), [[2, 1_000], [3, 2_000]]);
  for (const { reason, target } of retries) {
    assert.match(reason, /the connection broke/);
    assert.equal(target, "r.example/app");
  }
});

Deno.test("uploadBlob() stops before the end of a blob that is not what it should be", async () => {
  for (const bytes of [BYTES, BYTES.subarray(0, 10)]) {
    let heldBytes = 0;
    const outcome = await upload({
      bytes,
      digest: sha256Digest("ab".repeat(32)),
      script: ({ upload }) => void (heldBytes = Math.max(heldBytes, upload?.held.length ?? 0)),
    });
    assert.ok(isPusherError(outcome.error, "DIGEST_MISMATCH"), String(outcome.error));
    assert.ok(heldBytes < bytes.length, "the registry never has the whole of it");
    assert.deepEqual(outcome.clock.sleptMs, [], "trying again would not help");
    assert.equal(outcome.target.blobs.size, 0);
  }
});

Deno.test("uploadBlob() tells a wrong blob from a part that was sent twice", async () => {
  const outcome = await upload({
    digest: sha256Digest("ab".repeat(32)),
    script: once({ call: "append", nth: 1, phase: "during" }, breakOff),
  });
  assert.ok(isPusherError(outcome.error, "DIGEST_MISMATCH"));
});

Deno.test("uploadBlob() takes a blob named by its SHA-512", async () => {
  const hash = await createSha("sha512");
  hash.update(BYTES);
  assertDone(await upload({ digest: `sha512:${hash.hex()}` as Digest }));
});

Deno.test("uploadBlob() counts bytes once that a connection had to send twice", async () => {
  for (const sizeBytes of [10, 25]) {
    // As after a 401 in the middle of a part: the request is replayed with a new token.
    const outcome = await upload({
      bytes: BYTES.subarray(0, sizeBytes),
      async script({ phase, part }) {
        if (!part || phase !== "before") return;
        const refused = part.open().getReader();
        await refused.read();
        await refused.cancel();
      },
    });
    assertDone(outcome, sizeBytes);
    let toldBytes = 0;
    for (const event of outcome.events) {
      if (event.type === "blob:bytes") toldBytes += event.deltaBytes;
      assert.ok(toldBytes <= sizeBytes + 4, "replays do not pile up");
    }
  }
});

Deno.test("uploadBlob() ends at once with the signal's reason, and leaves the session for a later run", async () => {
  const reason = new Error("stopped by the user");
  for (const call of ["startUpload", "append", "commit", "recover"] as const) {
    const controller = new AbortController();
    const outcome = await upload({
      signal: controller.signal,
      script(moment) {
        if (call === "recover" && moment.call === "append") breakOff();
        if (moment.call === call) controller.abort(reason);
      },
    });
    assert.equal(outcome.error, reason, call);
    assert.equal(outcome.target.calls.includes("cancel"), false, call);
  }
});

Deno.test("uploadBlob() ends a wait when it is stopped", async () => {
  const reason = new Error("stopped by the user");
  const controller = new AbortController();
  const clock = new FakeClock();
  const running = upload({
    clock,
    signal: controller.signal,
    script: ({ call }) => call === "append" ? breakOff() : undefined,
  });
  while (clock.pending === 0) await clock.advance(0);
  controller.abort(reason);
  assert.equal((await running).error, reason);
});

Deno.test("uploadBlob() does not try again what is a bug", async () => {
  const bug = new TypeError("undefined is not a function");
  const outcome = await upload({
    script({ call }) {
      if (call === "append") throw bug;
    },
  });
  assert.equal(outcome.error, bug);
  assert.deepEqual(outcome.clock.sleptMs, []);
});
