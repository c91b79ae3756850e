import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { type Digest, sha256Digest } from "../../../../lib/spec/digest.ts";
import { pushImages } from "../../../../lib/transfer/push/push_images.ts";
import type { PushReport } from "../../../../lib/transfer/progress/report.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { seededBytes } from "../../../support/seeded_random.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { makeImage, makeManifest } from "../fetch/memory_images.ts";
import { broken, MemoryTarget, refusal } from "../memory_target.ts";

const SOURCE_CHUNK_BYTES = 100;
const LAYER_BYTES = [6_000, 5_000, 10];
const IMAGE_BYTES = 11_010 + "config".length;

/** An image with three layers, and three registries to push it to. */
class Stage {
  readonly blobs = new MemoryBlobs(SOURCE_CHUNK_BYTES);
  readonly clock = new FakeClock();
  readonly targets = ["a", "b", "c"].map((name) => new MemoryTarget(`${name}.example/app`));
  readonly layers = LAYER_BYTES.map((sizeBytes, index) => seededBytes(sizeBytes, index));
  digests: Digest[] = [];

  async push(options: { wrong?: number; rateBytesPerSecond?: number } = {}): Promise<PushReport> {
    const { wrong, rateBytesPerSecond } = options;
    const layers = await Promise.all(
      this.layers.map((bytes, index) =>
        this.blobs.add(bytes, index === wrong ? sha256Digest("ab".repeat(32)) : undefined)
      ),
    );
    this.digests = layers.map(({ digest }) => digest);
    const image = makeImage(await makeManifest(this.blobs, "config", layers));
    const jobs = this.targets.map((target) => ({ image, source: this.blobs, target, tag: "1" }));
    const pushing = pushImages(jobs, {
      clock: this.clock,
      policy: { attempts: 3, firstDelayMs: 1_000, maxDelayMs: 30_000, maxServerDelayMs: 300_000 },
      concurrency: 2,
      chunkSizeBytes: 1_000,
      rateBytesPerSecond,
      random: () => 0.5,
      signal: new AbortController().signal,
      onEvent: () => {},
    });
    let isOver = false;
    pushing.finally(() => isOver = true).catch(() => {});
    while (!isOver) await this.clock.advance(100);
    assert.equal(this.clock.pending, 0);
    return await pushing;
  }

  assertHas(...names: string[]): void {
    for (const target of this.targets.filter(({ name }) => names.includes(name[0]!))) {
      for (const [index, bytes] of this.layers.entries()) {
        assert.deepEqual(target.blobs.get(this.digests[index]!), bytes, `${target.name}: layer ${index}`);
      }
      assert.deepEqual(target.manifests.map(({ reference }) => reference), ["1"]);
    }
  }
}

Deno.test("an image that goes to three registries is read once", async () => {
  const stage = new Stage();
  const [a, b] = stage.targets;
  // Parts of different sizes end in the middle of chunks.
  a!.minChunkBytes = 1_234;
  b!.maxChunkBytes = 950;
  const report = await stage.push();
  assert.equal(report.pushed.length, 3);
  assert.equal(report.sentBytes, 3 * IMAGE_BYTES);
  stage.assertHas("a", "b", "c");
  assert.equal(stage.blobs.readBytes, IMAGE_BYTES);
});

Deno.test("nobody waits for a registry that has the blobs", async () => {
  const stage = new Stage();
  const [has, , alsoHas] = stage.targets;
  has!.hasBlob = () => Promise.resolve(true);
  alsoHas!.hasBlob = ({ size }) => Promise.resolve(size === 6_000);
  const startMs = stage.clock.now();
  const report = await stage.push();
  assert.equal(stage.clock.now() - startMs, 100, "one step of the clock");
  assert.equal(report.sentBytes, 2 * IMAGE_BYTES - 6_000);
  stage.assertHas("b");
  assert.equal(stage.blobs.readBytes, IMAGE_BYTES);
});

Deno.test("a registry that hangs is waited for once, and reads alone what it missed", async () => {
  const stage = new Stage();
  const [slow, ...others] = stage.targets;
  slow!.script = async ({ call, phase, nth, receivedBytes }) => {
    const hangs = call === "append" && phase === "during" && nth === 0 && receivedBytes === 500;
    if (hangs) await stage.clock.sleep(30_000);
  };
  const doneAtMs: number[] = [];
  for (const target of others) {
    target.script = ({ call, phase }) => {
      if (call === "putManifest" && phase === "after") doneAtMs.push(stage.clock.now());
    };
  }
  const startMs = stage.clock.now();
  const report = await stage.push();
  assert.equal(report.pushed.length, 3);
  stage.assertHas("a", "b", "c");
  for (const atMs of doneAtMs) assert(atMs - startMs <= 6_000, `done after ${atMs - startMs} ms`);
  assert.equal(doneAtMs.length, 2);
  assert(stage.blobs.readBytes > IMAGE_BYTES);
  assert(stage.blobs.readBytes < 2 * IMAGE_BYTES, "what it had read, it does not read again");
});

Deno.test("a part that breaks is read again for its registry alone", async () => {
  const stage = new Stage();
  const [breaking] = stage.targets;
  breaking!.script = ({ call, phase, nth, receivedBytes, upload }) => {
    if (call !== "append" || phase !== "during" || nth !== 3 || receivedBytes !== 400) return;
    upload!.held.length = upload!.offsetBytes;
    throw broken();
  };
  const report = await stage.push();
  assert.equal(report.pushed.length, 3);
  stage.assertHas("a", "b", "c");
  const againBytes = stage.blobs.readBytes - IMAGE_BYTES;
  assert(againBytes >= 400 && againBytes <= 7_000, `${againBytes} bytes were read again`);
});

Deno.test("a registry that refuses does not keep the others, nor the reading", async () => {
  const stage = new Stage();
  stage.targets[1]!.script = ({ call, phase, receivedBytes }) => {
    if (call === "append" && phase === "during" && receivedBytes === 700) throw refusal(403, "DENIED", false);
  };
  const report = await stage.push();
  assert.deepEqual(report.failures.map(({ reference }) => reference), ["b.example/app:1"]);
  stage.assertHas("a", "c");
  assert.deepEqual(stage.targets[1]!.manifests, []);
  assert.equal(stage.blobs.readBytes, IMAGE_BYTES);
});

Deno.test("no registry gets the whole of a wrong blob", async () => {
  const stage = new Stage();
  const report = await stage.push({ wrong: 1 });
  assert.equal(report.failures.length, 3);
  for (const { error } of report.failures) assert(isPusherError(error, "DIGEST_MISMATCH"), String(error));
  for (const target of stage.targets) {
    assert(!target.blobs.has(stage.digests[1]!));
    assert.deepEqual(target.manifests, []);
  }
});

Deno.test("the rate is that of all registries together, and bytes are read once all the same", async () => {
  const stage = new Stage();
  const startMs = stage.clock.now();
  await stage.push({ rateBytesPerSecond: 1_000 });
  stage.assertHas("a", "b", "c");
  const seconds = (stage.clock.now() - startMs) / 1_000;
  const expected = 3 * IMAGE_BYTES / 1_000;
  assert(Math.abs(seconds - expected) < 1, `${seconds} s instead of ${expected} s`);
  assert.equal(stage.blobs.readBytes, IMAGE_BYTES);
});
