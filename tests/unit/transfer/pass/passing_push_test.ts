import assert from "node:assert/strict";
import { PusherError } from "../../../../lib/errors.ts";
import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import { distinctBlobs, type ManifestNode } from "../../../../lib/spec/image.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { PassingPush } from "../../../../lib/transfer/pass/passing_push.ts";
import type { ByteReader } from "../../../../lib/util/byte_reader.ts";
import type { PushContext } from "../../../../lib/transfer/push/push_images.ts";
import type { PushJob } from "../../../../lib/transfer/push/push_job.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { makeImage, makeManifest } from "../fetch/memory_images.ts";
import { MemoryTarget, refusal } from "../memory_target.ts";

/** An image that passes: its layers do, its config is kept. */
class Stage {
  readonly blobs = new MemoryBlobs();
  readonly app = new MemoryTarget("r.example/app");
  readonly tool = new MemoryTarget("r.example/tool");
  readonly other = new MemoryTarget("other.example/app");
  readonly events: TransferEvent[] = [];

  start(targets: readonly MemoryTarget[], overrides: Partial<PushContext> = {}): PassingPush {
    return new PassingPush(targets, {
      clock: new FakeClock({ autoAdvance: true }),
      policy: { attempts: 3, firstDelayMs: 1_000, maxDelayMs: 30_000, maxServerDelayMs: 300_000 },
      concurrency: 1,
      random: () => 0.5,
      signal: new AbortController().signal,
      onEvent: (event) => this.events.push(event),
      ...overrides,
    });
  }

  image(...layers: string[]): Promise<ManifestNode> {
    return makeManifest(this.blobs, "config", layers);
  }

  job(root: ManifestNode, target: MemoryTarget): PushJob {
    return { image: makeImage(root), source: this.blobs, target, tag: "1" };
  }

  /** Reads a blob, once, as what passes is read. */
  reader(blob: Descriptor): ByteReader {
    const stream = this.blobs.openBlob(blob).getReader();
    return async (into) => {
      const { value } = await stream.read();
      if (value) into.set(value);
      return value?.length ?? 0;
    };
  }

  /** Layers pass, with their digests or under names only. */
  async passAll(push: PassingPush, root: ManifestNode, isNamed = true): Promise<void> {
    const [, ...layers] = distinctBlobs(root);
    for (const [at, layer] of layers.entries()) {
      const { mediaType, size } = layer;
      const blob = isNamed ? layer : { mediaType, size, name: `${at}/layer.tar` };
      const found = await push.pass(blob, this.reader(layer));
      assert.deepEqual(found, { digest: layer.digest, size });
    }
    this.blobs.opened.length = 0;
  }
}

Deno.test("blobs pass to several repositories, and images find them there", async () => {
  for (const isNamed of [true, false]) {
    const stage = new Stage();
    const root = await stage.image("base", "top");
    const targets = [stage.app, stage.tool, stage.other];
    const push = stage.start(targets);
    await stage.passAll(push, root, isNamed);
    const report = await push.push(targets.map((target) => stage.job(root, target)));
    assert.deepEqual(report.failures, []);
    assert.deepEqual(report.pushed.map(({ reference }) => reference), targets.map(({ name }) => `${name}:1`));
    assert.equal(report.sentBytes, targets.length * "baseconfigtop".length, "each once to each");
    assert.equal(report.existingBytes, 0);
    assert.equal(stage.blobs.opened.length > 0, true, "the config comes from what was kept");
    for (const target of targets) {
      assert.equal(target.manifests.length, 1);
      for (const { digest } of distinctBlobs(root)) assert.ok(target.blobs.has(digest));
      assert.equal(target.calls.filter((call) => call.startsWith("hasBlob")).length, isNamed ? 3 : 1);
    }
  }
});

Deno.test("what a repository has is not sent to it, and counted once", async () => {
  const stage = new Stage();
  const root = await stage.image("base", "top");
  const [, base, top] = distinctBlobs(root);
  stage.app.blobs.set(base!.digest, new TextEncoder().encode("base"));
  const push = stage.start([stage.app]);
  await stage.passAll(push, root);
  assert.deepEqual(
    await push.pass(top!, stage.reader(top!)),
    { digest: top!.digest, size: 3 },
    "a second time",
  );
  const report = await push.push([stage.job(root, stage.app)]);
  assert.equal(report.existingBytes, 4);
  assert.equal(report.sentBytes, "config".length + 3);
  assert.equal(stage.app.calls.filter((call) => call.startsWith("commit")).length, 2);
});

Deno.test("what went to one repository is mounted into others afterwards", async () => {
  const stage = new Stage();
  const root = await stage.image("base", "top");
  stage.tool.mountable.set("app", stage.app.blobs);
  const push = stage.start([stage.app]);
  await stage.passAll(push, root);
  const report = await push.push([stage.job(root, stage.tool)]);
  assert.deepEqual(report.failures, []);
  assert.equal(stage.app.manifests.length, 0);
  assert.equal(stage.tool.calls.filter((call) => call === "startUpload or mount from app").length, 2);
});

Deno.test("a repository that fails does not stop the others, and is not tried again", async () => {
  const stage = new Stage();
  const root = await stage.image("base", "top");
  stage.app.script = ({ call }) => {
    if (call === "startUpload") throw refusal(403, "DENIED", false);
  };
  const push = stage.start([stage.app, stage.other]);
  await stage.passAll(push, root);
  const report = await push.push([stage.job(root, stage.app), stage.job(root, stage.other)]);
  assert.deepEqual(report.pushed.map(({ reference }) => reference), ["other.example/app:1"]);
  assert.deepEqual(report.failures.map(({ reference }) => reference), ["r.example/app:1"]);
  assert.match(report.failures[0]!.error.message, /403/);
  assert.equal(stage.app.manifests.length, 0);
  assert.equal(stage.app.calls.filter((call) => call === "startUpload").length, 1);
});

Deno.test("when no repository is left, nothing more passes", async () => {
  const stage = new Stage();
  const root = await stage.image("base", "top");
  for (const target of [stage.app, stage.other]) {
    target.script = ({ call }) => {
      if (call === "startUpload") throw refusal(403, "DENIED", false);
    };
  }
  await assert.rejects(stage.passAll(stage.start([stage.app, stage.other]), root), /403/);
  assert.equal(stage.events.filter(({ type }) => type === "blob:failed").length, 2);
});

Deno.test("a source that fails is the reason, not what became of the uploads", async () => {
  const stage = new Stage();
  const cut = new PusherError("ARCHIVE_CORRUPT", 'Cannot read "-": it ended early', {
    detail: { path: "-" },
  });
  const push = stage.start([stage.app, stage.other]);
  const read: ByteReader = () => Promise.reject(cut);
  await assert.rejects(push.pass({ mediaType: "x", size: 5, name: "layer.tar" }, read), cut);
});

Deno.test("events tell of what passes by its name until its digest is found", async () => {
  const stage = new Stage();
  const root = await stage.image("base");
  const push = stage.start([stage.app]);
  await stage.passAll(push, root, false);
  const { digest } = distinctBlobs(root)[1]!;
  const key = { target: "r.example/app", digest: "0/layer.tar" };
  assert.deepEqual(stage.events, [
    { type: "pass:start", targets: ["r.example/app"] },
    { type: "blob:start", ...key, sizeBytes: 4, mediaType: "application/vnd.oci.image.layer.v1.tar" },
    { type: "blob:bytes", ...key, deltaBytes: 4 },
    { type: "blob:done", ...key, sizeBytes: 4, found: digest },
  ]);
});
