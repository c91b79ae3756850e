import assert from "node:assert/strict";
import { planPush } from "../../../../lib/transfer/push/plan_push.ts";
import type { EventSink } from "../../../../lib/transfer/events.ts";
import type { PushJob } from "../../../../lib/transfer/push/push_job.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { makeImage, makeIndex, makeManifest } from "../fetch/memory_images.ts";
import { broken, MemoryTarget } from "../memory_target.ts";

const POLICY = { attempts: 3, firstDelayMs: 1_000, maxDelayMs: 30_000, maxServerDelayMs: 300_000 };

function context(onEvent: EventSink = () => {}): Parameters<typeof planPush>[1] {
  return {
    clock: new FakeClock({ autoAdvance: true }),
    policy: POLICY,
    random: () => 0.5,
    signal: new AbortController().signal,
    onEvent,
  };
}

Deno.test("planPush() says what would be sent, mounted and left, and does none of it", async () => {
  const blobs = new MemoryBlobs();
  const image = makeImage(await makeIndex(await makeManifest(blobs, "config", ["base", "app"])));
  const app = new MemoryTarget("r.example/app");
  const tool = new MemoryTarget("r.example/tool");
  const other = new MemoryTarget("other.example/app");
  const [config, base] = image.root.children[0]!.blobs;
  app.blobs.set(base!.digest, new Uint8Array());
  const job = (target: MemoryTarget, tag: string): PushJob => ({ image, source: blobs, target, tag });
  // The second tag of a repository costs nothing more.
  const plan = await planPush([job(app, "1"), job(tool, "1"), job(tool, "2"), job(other, "1")], context());
  assert.deepEqual(
    plan.images.map(({ reference, blobs }) => [reference, blobs.map(({ action }) => action).join(" ")]),
    [
      ["r.example/app:1", "upload exists upload"],
      ["r.example/tool:1", "mount mount mount"],
      ["r.example/tool:2", "exists exists exists"],
      ["other.example/app:1", "upload upload upload"],
    ],
  );
  const allBytes = "configbaseapp".length;
  assert.equal(plan.mountBytes, allBytes);
  assert.equal(plan.uploadBytes, allBytes - base!.size + allBytes);
  assert.equal(plan.existingBytes, base!.size + allBytes);
  assert.deepEqual(plan.images[0]?.manifests, 2);
  assert.equal(plan.images[0]?.digest, image.root.descriptor.digest);
  assert.equal(plan.images[0]?.blobs[0]?.digest, config!.digest);
  for (const target of [app, tool, other]) {
    assert.ok(target.calls.every((call) => call.startsWith("hasBlob ")), String(target.calls));
    assert.equal(new Set(target.calls).size, target.calls.length, "no question is asked twice");
  }
  assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
});

Deno.test("planPush() asks again when there is no answer, says so, and fails when there is none in the end", async () => {
  const blobs = new MemoryBlobs();
  const image = makeImage(await makeManifest(blobs, "config", []));
  const target = new MemoryTarget();
  let failures = 2;
  target.script = ({ phase }) => {
    if (phase === "before" && failures-- > 0) throw broken();
  };
  const jobs = [{ image, source: blobs, target, tag: "1" }];
  const attempts: unknown[] = [];
  const plan = await planPush(
    jobs,
    context((event) => attempts.push(event.type === "request:retry" && event.attempt)),
  );
  assert.equal(plan.uploadBytes, "config".length);
  assert.deepEqual(attempts, [2, 3]);
  failures = Infinity;
  await assert.rejects(planPush(jobs, context()), /connection broke.*, after 3 attempts$/);
});

Deno.test("planPush() plans the mount that a push would ask for, where the source has the blob and says so", async () => {
  const blobs = new MemoryBlobs();
  const image = makeImage(await makeManifest(blobs, "config", ["base", "app"]));
  const target = new MemoryTarget("r.example/app");
  const [, base] = image.root.blobs;
  target.mountable.set("base", new Map([[base!.digest, new Uint8Array()]]));
  const actionsWith = async (mountFrom: string[]): Promise<string> => {
    const plan = await planPush([{ image, source: blobs, target, tag: "1", mountFrom }], context());
    return plan.images[0]!.blobs.map(({ action }) => action).join(" ");
  };
  assert.equal(await actionsWith(["base"]), "upload mount upload");
  assert.equal(await actionsWith(["denied"]), "upload upload upload");
  assert.equal(await actionsWith([]), "upload upload upload");
});

Deno.test("planPush() asks nothing of a push that sends everything in any case, each blob once a repository", async () => {
  const blobs = new MemoryBlobs();
  const image = makeImage(await makeManifest(blobs, "config", ["base"]));
  const app = new MemoryTarget("r.example/app");
  const tool = new MemoryTarget("r.example/tool");
  for (const { digest } of image.root.blobs) app.blobs.set(digest, new Uint8Array());
  const jobs = [[app, "1"], [app, "2"], [tool, "1"]] as const;
  const plan = await planPush(
    jobs.map(([target, tag]) => ({ image, source: blobs, target, tag, mountFrom: ["app"] })),
    { ...context(), isForced: true },
  );
  assert.deepEqual(plan.images.map(({ blobs }) => blobs.map(({ action }) => action).join(" ")), [
    "upload upload",
    "exists exists",
    "upload upload",
  ]);
  assert.deepEqual([...app.calls, ...tool.calls], []);
});
