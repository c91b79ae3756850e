import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import type { ManifestNode } from "../../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { type PushContext, pushImages } from "../../../../lib/transfer/push/push_images.ts";
import type { PushJob } from "../../../../lib/transfer/push/push_job.ts";
import type { PushReport } from "../../../../lib/transfer/progress/report.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { makeImage, makeIndex, makeManifest } from "../fetch/memory_images.ts";
import { broken, MemoryTarget, refusal } from "../memory_target.ts";

const POLICY = { attempts: 3, firstDelayMs: 1_000, maxDelayMs: 30_000, maxServerDelayMs: 300_000 };

/** Where a test pushes from and to. */
class Stage {
  readonly blobs = new MemoryBlobs();
  readonly target = new MemoryTarget();
  readonly events: TransferEvent[] = [];
  readonly clock = new FakeClock({ autoAdvance: true });

  job(root: ManifestNode, tag: string | undefined = "1", target = this.target): PushJob {
    return { image: makeImage(root), source: this.blobs, target, tag };
  }

  push(jobs: readonly PushJob[], overrides: Partial<PushContext> = {}): Promise<PushReport> {
    return pushImages(jobs, {
      clock: this.clock,
      policy: POLICY,
      concurrency: 3,
      chunkSizeBytes: 1_000,
      random: () => 0.5,
      signal: new AbortController().signal,
      onEvent: (event) => this.events.push(event),
      ...overrides,
    });
  }

  /** Has the target hold blobs from the start. */
  hold(...digests: string[]): void {
    for (const digest of digests) this.target.blobs.set(digest, new Uint8Array());
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }
}

const digestsOf = ({ blobs }: ManifestNode): string[] => blobs.map(({ digest }) => digest);
const stored = (target: MemoryTarget): string[] => target.manifests.map(({ reference }) => reference);
/** How often something was done. */
const count = (target: MemoryTarget, start: string): number =>
  target.calls.filter((call) => call.startsWith(start)).length;

Deno.test("pushImages() sends layers, then configs, then manifests bottom up, and the tag last", async () => {
  const stage = new Stage();
  const amd = await makeManifest(stage.blobs, "config amd", ["base amd", "app"]);
  const arm = await makeManifest(stage.blobs, "config arm", ["base arm", "app"]);
  const index = await makeIndex(amd, arm);
  const order: string[] = [];
  stage.target.script = ({ call, phase, subject }) => {
    if (phase === "after" && (call === "commit" || call === "putManifest")) order.push(subject!);
  };
  const report = await stage.push([stage.job(index)]);
  const [configAmd, baseAmd, app] = digestsOf(amd);
  const [configArm, baseArm] = digestsOf(arm);
  assert.deepEqual(new Set(order.slice(0, 3)), new Set([baseAmd, app, baseArm]));
  assert.deepEqual(new Set(order.slice(3, 5)), new Set([configAmd, configArm]));
  assert.deepEqual(order.slice(5), [amd.descriptor.digest, arm.descriptor.digest, "1"]);
  assert.equal(stage.target.manifests.at(-1)?.bytes, index.bytes, "the very bytes");
  const digest = index.descriptor.digest;
  assert.deepEqual(report.pushed, [{ reference: "r.example/app:1", digest, mediaType: MEDIA_TYPE.ociIndex }]);
  assert.deepEqual(report.failures, []);
});

Deno.test("pushImages() writes no tag when anything before it fails", async () => {
  for (const step of ["hasBlob", "startUpload", "append", "commit", "putManifest"] as const) {
    for (const nth of [0, 1]) {
      const stage = new Stage();
      const index = await makeIndex(await makeManifest(stage.blobs, "config", ["base", "app"]));
      stage.target.script = ({ call, phase, nth: now, upload }) => {
        if (call === "recover") upload!.isKnown = false;
        if (call === step && now >= nth && phase === "before" && call !== "putManifest") {
          throw refusal(400, "NAME_INVALID", false);
        }
        if (call === step && now === 0) throw refusal(400, "MANIFEST_INVALID", false);
      };
      const report = await stage.push([stage.job(index)], { chunkSizeBytes: 3 });
      assert.equal(stored(stage.target).includes("1"), false, `${step} ${nth}`);
      assert.deepEqual(report.pushed, []);
      assert.equal(report.failures[0]?.reference, "r.example/app:1");
      assert.equal(stage.types().includes("tag:done"), false);
    }
  }
});

Deno.test("pushImages() has as many blobs on their way as it may, and no more", async () => {
  for (const concurrency of [1, 3, 20]) {
    const stage = new Stage();
    const names = Array.from({ length: 8 }, (_, index) => `layer ${index}`);
    let busy = 0;
    let mostBusy = 0;
    stage.target.script = ({ call, phase }) => {
      if (call === "hasBlob" && phase === "before") mostBusy = Math.max(mostBusy, ++busy);
      if (call === "commit" && phase === "after") busy--;
    };
    await stage.push([stage.job(await makeManifest(stage.blobs, "config", names))], { concurrency });
    assert.equal(mostBusy, Math.min(concurrency, 8));
    assert.equal(stage.target.mostOpen, Math.min(concurrency, 8));
  }
});

Deno.test("pushImages() sends a shared blob once to each target", async () => {
  const stage = new Stage();
  const other = new MemoryTarget("other.example/app");
  const one = await makeManifest(stage.blobs, "config one", ["base", "one", "base"]);
  const two = await makeManifest(stage.blobs, "config two", ["base", "two"]);
  const report = await stage.push([
    stage.job(one, "one"),
    stage.job(two, "two"),
    stage.job(one, "one", other),
    stage.job(one, "again"),
  ]);
  assert.equal(report.pushed.length, 4);
  assert.equal(stage.target.calls.filter((call) => call === `hasBlob ${digestsOf(one)[1]}`).length, 1);
  assert.equal(count(stage.target, "commit"), 5);
  assert.equal(count(other, "commit"), 3);
  const sizes = "config one".length + "base".length + "one".length;
  assert.equal(report.sentBytes, 2 * sizes + "config two".length + "two".length);
  const [plan] = stage.events;
  assert.ok(plan?.type === "plan:ready");
  assert.deepEqual([plan.blobs, plan.sizeBytes], [8, report.sentBytes]);
  assert.equal(stage.types().filter((type) => type === "blob:start").length, 8);
});

Deno.test("pushImages() sends nothing that is there already", async () => {
  const stage = new Stage();
  const manifest = await makeManifest(stage.blobs, "config", ["base", "app"]);
  stage.hold(...digestsOf(manifest));
  const report = await stage.push([stage.job(manifest)]);
  assert.equal(count(stage.target, "startUpload"), 0);
  assert.deepEqual(stage.blobs.opened, [], "nothing is read either");
  assert.deepEqual([report.sentBytes, report.existingBytes], [0, "configbaseapp".length]);
  assert.deepEqual(stage.types().filter((type) => type.startsWith("blob:")), [
    "blob:start",
    "blob:start",
    "blob:exists",
    "blob:exists",
    "blob:start",
    "blob:exists",
  ]);
});

Deno.test("pushImages() leaves layers that may not be pushed where they are", async () => {
  const stage = new Stage();
  const foreign = await stage.blobs.add(new TextEncoder().encode("windows base"));
  foreign.mediaType = MEDIA_TYPE.ociForeignLayerGzip;
  const manifest = await makeManifest(stage.blobs, "config", [foreign, "app"]);
  await stage.push([stage.job(manifest)]);
  assert.equal(stage.target.blobs.has(foreign.digest), false);
  assert.equal(stage.target.blobs.size, 2);
  assert.deepEqual(stored(stage.target), ["1"]);
});

Deno.test("pushImages() takes an artifact whose config is its layer, too", async () => {
  const stage = new Stage();
  const report = await stage.push([stage.job(await makeManifest(stage.blobs, "{}", ["{}"]))]);
  assert.equal(report.pushed.length, 1);
  assert.equal(count(stage.target, "commit"), 1);
});

Deno.test("pushImages() pushes by digest where no tag is named", async () => {
  const stage = new Stage();
  const manifest = await makeManifest(stage.blobs, "config", []);
  const report = await stage.push([stage.job(manifest, undefined), {
    ...stage.job(manifest),
    tag: undefined,
  }]);
  const { digest } = manifest.descriptor;
  assert.equal(report.pushed[1]?.reference, `r.example/app@${digest}`);
  assert.equal(stored(stage.target).at(-1), digest);
});

Deno.test("pushImages() asks again for blobs that a registry had and lost, and sends those it named unasked", async () => {
  const stage = new Stage();
  const manifest = await makeManifest(stage.blobs, "config", ["base", "app"]);
  const [config, base, app] = digestsOf(manifest);
  stage.hold(config!, base!, app!);
  stage.target.script = ({ call, phase, nth }) => {
    if (call !== "putManifest" || phase !== "before" || nth > 0) return;
    stage.target.blobs.delete(base!);
    // It still says that it has this one, though it does not.
    throw refusal(400, "MANIFEST_BLOB_UNKNOWN", false, [app!]);
  };
  const report = await stage.push([stage.job(manifest)]);
  assert.deepEqual(report.failures, []);
  const asked = (digest: string): number => count(stage.target, `hasBlob ${digest}`);
  assert.deepEqual([asked(config!), asked(base!), asked(app!)], [2, 2, 1]);
  assert.equal(count(stage.target, "commit"), 2);
  assert.equal(new TextDecoder().decode(stage.target.blobs.get(app!)), "app");
  assert.equal(report.sentBytes, "baseapp".length);
  assert.equal(report.existingBytes, "config".length, "what was sent in the end did not exist");
});

Deno.test("pushImages() counts what it sent itself as sent, also when it is asked for again", async () => {
  const stage = new Stage();
  const manifest = await makeManifest(stage.blobs, "config", ["base"]);
  stage.target.script = ({ call, phase, nth }) => {
    if (call === "putManifest" && phase === "before" && nth === 0) throw refusal(404, "BLOB_UNKNOWN", false);
  };
  const report = await stage.push([stage.job(manifest)]);
  assert.deepEqual([report.sentBytes, report.existingBytes], ["configbase".length, 0]);
});

Deno.test("pushImages() gives up when blobs stay unknown", async () => {
  const stage = new Stage();
  const manifest = await makeManifest(stage.blobs, "config", ["base"]);
  const unknown = refusal(400, "MANIFEST_BLOB_UNKNOWN", false, [digestsOf(manifest)[1]!]);
  stage.target.script = ({ call, phase }) => {
    if (call === "putManifest" && phase === "before") throw unknown;
  };
  const report = await stage.push([stage.job(manifest)]);
  assert.equal(report.failures[0]?.error, unknown);
  assert.equal(count(stage.target, "putManifest"), 2);
});

Deno.test("pushImages() does not send blobs again for another reason", async () => {
  for (const [fault, attempts] of [[refusal(400, "MANIFEST_INVALID", false), 1], [broken(), 3]] as const) {
    const stage = new Stage();
    stage.target.script = ({ call }) => {
      if (call === "putManifest") throw fault;
    };
    const report = await stage.push([stage.job(await makeManifest(stage.blobs, "config", ["base"]))]);
    assert(report.failures[0]?.error.message.startsWith(fault.message));
    assert.equal(count(stage.target, "putManifest"), attempts);
    assert.equal(count(stage.target, "hasBlob"), 2);
  }
});

Deno.test("the first blob that fails ends the others, and is the one that is told of", async () => {
  const stage = new Stage();
  const manifest = await makeManifest(stage.blobs, "config", ["a", "b", "c", "d", "e"]);
  const denied = refusal(403, "DENIED", false);
  const aborted: string[] = [];
  stage.target.hasBlob = async ({ digest }, signal) => {
    stage.target.calls.push(`hasBlob ${digest}`);
    if (digest === digestsOf(manifest)[2]) throw denied;
    await new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        aborted.push(digest);
        reject(signal.reason);
      })
    );
    return true;
  };
  const report = await stage.push([stage.job(manifest)]);
  assert.equal(report.failures[0]?.error, denied);
  assert.deepEqual(new Set(aborted), new Set([digestsOf(manifest)[1], digestsOf(manifest)[3]]));
  assert.equal(count(stage.target, "hasBlob"), 3, "none of the waiting ones begins");
});

Deno.test("an image that fails does not keep the others", async () => {
  const stage = new Stage();
  const images = await Promise.all(
    ["a", "b", "c"].map((name) => makeManifest(stage.blobs, `config ${name}`, [name])),
  );
  const denied = refusal(403, "DENIED", false);
  stage.target.script = ({ call, subject }) => {
    if (call === "putManifest" && subject === "b") throw denied;
  };
  const report = await stage.push(["a", "b", "c"].map((tag, index) => stage.job(images[index]!, tag)));
  assert.deepEqual(report.pushed.map(({ reference }) => reference), ["r.example/app:a", "r.example/app:c"]);
  assert.deepEqual(report.failures, [{ reference: "r.example/app:b", error: denied }]);
});

Deno.test("pushImages() tries questions and manifests again that got no answer", async () => {
  const stage = new Stage();
  const failing = new Map([["hasBlob", 2], ["putManifest", 2]]);
  stage.target.script = ({ call, phase }) => {
    const left = failing.get(call) ?? 0;
    if (phase !== "before" || left === 0) return;
    failing.set(call, left - 1);
    throw broken();
  };
  const report = await stage.push([stage.job(await makeManifest(stage.blobs, "config", []))]);
  assert.equal(report.pushed.length, 1);
  assert.deepEqual(stage.clock.sleptMs, [1_000, 2_000, 1_000, 2_000]);
  assert.equal(report.durationMs, 6_000);
  assert.equal(report.retries, 4);
  const told = stage.events.filter((event) => event.type === "request:retry");
  assert.deepEqual(told.map(({ attempt, delayMs }) => [attempt, delayMs]), [[2, 1_000], [3, 2_000], [
    2,
    1_000,
  ], [
    3,
    2_000,
  ]]);
});

Deno.test("pushImages() ends with the signal's reason, wherever it is", async () => {
  for (const step of ["hasBlob", "startUpload", "commit", "putManifest"] as const) {
    const stage = new Stage();
    const controller = new AbortController();
    const reason = new Error("stopped by the user");
    stage.target.script = ({ call }) => {
      if (call === step) controller.abort(reason);
    };
    const job = stage.job(await makeManifest(stage.blobs, "config", ["a", "b", "c", "d"]));
    const pushing = stage.push([job, job], { signal: controller.signal });
    await assert.rejects(pushing, (error) => error === reason, step);
    if (step !== "putManifest") assert.deepEqual(stored(stage.target), []);
  }
});

Deno.test("pushImages() keeps a PusherError that is the signal's reason", async () => {
  const stage = new Stage();
  const reason = refusal(400, "X", false);
  await assert.rejects(
    stage.push([stage.job(await makeManifest(stage.blobs, "config", []))], {
      signal: AbortSignal.abort(reason),
    }),
    (error) => error === reason,
  );
  assert.equal(isPusherError(reason), true);
});

Deno.test("pushImages() throws what is a bug", async () => {
  const stage = new Stage();
  const bug = new TypeError("undefined is not a function");
  stage.target.script = ({ call }) => {
    if (call === "commit") throw bug;
  };
  await assert.rejects(stage.push([stage.job(await makeManifest(stage.blobs, "config", []))]), bug);
});

Deno.test("pushImages() with nothing to do says so", async () => {
  const stage = new Stage();
  assert.deepEqual(await stage.push([]), {
    pushed: [],
    failures: [],
    sentBytes: 0,
    existingBytes: 0,
    mountedBytes: 0,
    resumedBytes: 0,
    retries: 0,
    durationMs: 0,
  });
});

Deno.test("the events of a push are plain JSON and tell its story in order", async () => {
  const stage = new Stage();
  const manifest = await makeManifest(stage.blobs, "config", ["base"]);
  await stage.push([stage.job(manifest)], { chunkSizeBytes: 3 });
  assert.deepEqual(JSON.parse(JSON.stringify(stage.events)), stage.events);
  assert.deepEqual(stage.types().filter((type) => type !== "blob:bytes"), [
    "plan:ready",
    "blob:start",
    "blob:done",
    "blob:start",
    "blob:done",
    "manifest:done",
    "tag:done",
  ]);
  const tag = stage.events.at(-1);
  assert.deepEqual(tag, {
    type: "tag:done",
    reference: "r.example/app:1",
    digest: manifest.descriptor.digest,
  });
});
