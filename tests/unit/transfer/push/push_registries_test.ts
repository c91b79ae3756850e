import assert from "node:assert/strict";
import type { ManifestNode } from "../../../../lib/spec/image.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { type PushContext, pushImages } from "../../../../lib/transfer/push/push_images.ts";
import type { PushJob } from "../../../../lib/transfer/push/push_job.ts";
import type { PushReport } from "../../../../lib/transfer/progress/report.ts";
import type { UploadHabits } from "../../../../lib/transfer/upload/upload_habits.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { makeImage, makeManifest } from "../fetch/memory_images.ts";
import { MemoryTarget, refusal } from "../memory_target.ts";

/** An archive with two images that share a layer, and the repositories they go to. */
class Stage {
  readonly blobs = new MemoryBlobs();
  readonly app = new MemoryTarget("r.example/app");
  readonly tool = new MemoryTarget("r.example/tool");
  readonly other = new MemoryTarget("other.example/app");
  readonly events: TransferEvent[] = [];

  constructor() {
    this.tool.mountable.set("app", this.app.blobs);
  }

  manifest(name: string): Promise<ManifestNode> {
    return makeManifest(this.blobs, `config ${name}`, ["shared base", name]);
  }

  job(root: ManifestNode, target: MemoryTarget, mountFrom?: string[]): PushJob {
    return { image: makeImage(root), source: this.blobs, target, tag: "1", mountFrom };
  }

  push(jobs: readonly PushJob[], overrides: Partial<PushContext> = {}): Promise<PushReport> {
    return pushImages(jobs, {
      clock: new FakeClock({ autoAdvance: true }),
      policy: { attempts: 3, firstDelayMs: 1_000, maxDelayMs: 30_000, maxServerDelayMs: 300_000 },
      concurrency: 3,
      chunkSizeBytes: 1_000,
      random: () => 0.5,
      signal: new AbortController().signal,
      onEvent: (event) => this.events.push(event),
      ...overrides,
    });
  }
}

const count = (target: MemoryTarget, start: string): number =>
  target.calls.filter((call) => call.startsWith(start)).length;

Deno.test("a blob that one repository has is mounted into the next of the same registry", async () => {
  const stage = new Stage();
  const [app, tool] = [await stage.manifest("app"), await stage.manifest("tool")];
  const report = await stage.push([stage.job(app, stage.app), stage.job(tool, stage.tool)]);
  assert.equal(report.pushed.length, 2);
  assert.equal(count(stage.tool, "startUpload or mount from app"), 1, "only what is there is asked for");
  assert.equal(count(stage.tool, "commit"), 2);
  const mounted = stage.events.find((event) => event.type === "blob:mounted");
  assert.equal(mounted?.from, "app");
  assert.equal(report.mountedBytes, "shared base".length);
  assert.equal(
    report.sentBytes,
    "config app".length + "shared base".length + "app".length + "config tooltool".length,
  );
});

Deno.test("a mount that is refused is an upload", async () => {
  const stage = new Stage();
  stage.tool.mountable.clear();
  const manifest = await stage.manifest("tool");
  const report = await stage.push([stage.job(manifest, stage.tool, ["elsewhere"])]);
  assert.equal(count(stage.tool, "startUpload or mount from elsewhere"), 3);
  assert.equal(count(stage.tool, "commit"), 3);
  assert.equal(report.existingBytes, 0);
});

Deno.test("a repository is never asked to mount from itself", async () => {
  const stage = new Stage();
  await stage.push([stage.job(await stage.manifest("app"), stage.app, ["app"])]);
  assert.equal(count(stage.app, "startUpload or mount"), 0);
});

Deno.test("registries get their blobs side by side, each its own", async () => {
  const stage = new Stage();
  const manifest = await stage.manifest("app");
  const gate = Promise.withResolvers<void>();
  // The first registry waits until the other has everything.
  stage.app.script = ({ call }) => call === "hasBlob" ? gate.promise : undefined;
  stage.other.script = ({ call, phase }) => {
    if (call === "putManifest" && phase === "after") gate.resolve();
  };
  const report = await stage.push([stage.job(manifest, stage.app), stage.job(manifest, stage.other)]);
  assert.deepEqual(report.pushed.map(({ reference }) => reference), [
    "r.example/app:1",
    "other.example/app:1",
  ]);
  assert.equal(count(stage.app, "commit"), 3);
  assert.equal(count(stage.other, "commit"), 3);
  assert.equal(count(stage.other, "startUpload or mount"), 0, "nothing is mounted from another registry");
});

Deno.test("what fails at one registry does not keep the other, and results stay in order", async () => {
  const stage = new Stage();
  const manifest = await stage.manifest("app");
  const denied = refusal(403, "DENIED", false);
  stage.app.script = ({ call }) => {
    if (call === "startUpload") throw denied;
  };
  const report = await stage.push([stage.job(manifest, stage.app), stage.job(manifest, stage.other)]);
  assert.deepEqual(report.failures, [{ reference: "r.example/app:1", error: denied }]);
  assert.deepEqual(report.pushed.map(({ reference }) => reference), ["other.example/app:1"]);
});

Deno.test("nothing goes on at one registry after a bug, or a stop, at another", async () => {
  for (const fault of ["bug", "stop"] as const) {
    const stage = new Stage();
    const manifest = await stage.manifest("app");
    const reason = new TypeError(fault);
    const controller = new AbortController();
    const gate = Promise.withResolvers<void>();
    stage.other.script = async ({ call }) => {
      if (call === "hasBlob") await gate.promise;
    };
    stage.app.script = ({ call }) => {
      if (call !== "startUpload") return;
      gate.resolve();
      if (fault === "stop") controller.abort(reason);
      throw reason;
    };
    const jobs = [stage.job(manifest, stage.app), stage.job(manifest, stage.other)];
    await assert.rejects(stage.push(jobs, { signal: controller.signal }), (error) => error === reason);
    const calls = stage.other.calls.length;
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
    assert.equal(stage.other.calls.length, calls, `${fault}: everything has ended when pushImages() ends`);
    assert.deepEqual(stage.other.manifests, []);
  }
});

Deno.test("--force sends what the registry says it has, and mounts nothing", async () => {
  const stage = new Stage();
  const manifest = await stage.manifest("tool");
  for (const { digest } of manifest.blobs) stage.tool.blobs.set(digest, new Uint8Array());
  const report = await stage.push([stage.job(manifest, stage.tool, ["app"])], { isForced: true });
  assert.equal(count(stage.tool, "hasBlob"), 0);
  assert.equal(count(stage.tool, "startUpload or mount"), 0);
  assert.equal(count(stage.tool, "commit"), 3);
  assert.equal(report.existingBytes, 0);
  for (const { digest, size } of manifest.blobs) assert.equal(stage.tool.blobs.get(digest)?.length, size);
});

Deno.test("what is learned of a registry is told with its name, and used from the start", async () => {
  const stage = new Stage();
  const learned: [string, UploadHabits][] = [];
  const habits = new Map<string, UploadHabits>([["other.example", {
    strategy: "chunked",
    maxChunkBytes: 4,
  }]]);
  stage.app.script = ({ call, phase }) => {
    if (call === "append" && phase === "before") throw refusal(405, "UNSUPPORTED", false);
  };
  const manifest = await stage.manifest("app");
  await stage.push([stage.job(manifest, stage.app), stage.job(manifest, stage.other)], {
    chunkSizeBytes: 6,
    concurrency: 1,
    habits,
    onLearned: (registry, habits) => learned.push([registry, habits]),
  });
  assert.deepEqual(learned[0], ["r.example", { strategy: "streamed", refused: ["chunked"] }]);
  assert.ok(learned.every(([registry]) => registry === "r.example"));
  assert.ok(stage.other.calls.includes("append 0+4"));
});
