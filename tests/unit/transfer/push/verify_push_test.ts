import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import type { ManifestNode } from "../../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { pushImages } from "../../../../lib/transfer/push/push_images.ts";
import type { PushJob } from "../../../../lib/transfer/push/push_job.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { verifyPush } from "../../../../lib/transfer/push/verify_push.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { makeImage, makeIndex, makeManifest } from "../fetch/memory_images.ts";
import { broken, MemoryTarget } from "../memory_target.ts";

const RETRY = {
  clock: new FakeClock({ autoAdvance: true }),
  policy: { attempts: 3, firstDelayMs: 1_000, maxDelayMs: 30_000, maxServerDelayMs: 300_000 },
  random: () => 0.5,
  signal: new AbortController().signal,
  onEvent: () => {},
};

interface Pushed {
  job: PushJob;
  target: MemoryTarget;
  child: ManifestNode;
}

/** An image with one child, pushed. */
async function pushed(tag: string | undefined): Promise<Pushed> {
  const blobs = new MemoryBlobs();
  const foreign = await blobs.add(new TextEncoder().encode("windows"));
  foreign.mediaType = MEDIA_TYPE.ociForeignLayerGzip;
  const child = await makeManifest(blobs, "config", ["base", foreign]);
  const target = new MemoryTarget();
  const job = { image: makeImage(await makeIndex(child)), source: blobs, target, tag };
  await pushImages([job], { ...RETRY, concurrency: 1 });
  return { job, target, child };
}

Deno.test("verifyPush() is content with what was just pushed, by tag or digest", async () => {
  for (const tag of ["1", undefined]) {
    const { job } = await pushed(tag);
    await verifyPush({ ...job, tag }, RETRY);
  }
});

Deno.test("verifyPush() asks again when there is no answer, and says so, and nothing else", async () => {
  const { job, target } = await pushed("1");
  let failures = 2;
  target.script = ({ phase }) => {
    if (phase === "before" && failures-- > 0) throw broken();
  };
  const events: TransferEvent[] = [];
  await verifyPush(job, { ...RETRY, onEvent: (event) => events.push(event) });
  assert.deepEqual(events.map((event) => event.type === "request:retry" && event.attempt), [2, 3]);
});

Deno.test("verifyPush() names the first thing that is missing or different", async () => {
  const damages: Record<string, [(pushed: Pushed) => void, RegExp]> = {
    "another image behind the tag": [
      ({ target }) => target.manifests.push({ ...target.manifests[0]!, reference: "1" }),
      /tag 1 is sha256:/,
    ],
    "no tag": [({ target }) => target.manifests.pop(), /tag 1 is missing/],
    "no child": [({ target }) => target.manifests.shift(), /manifest sha256:\w+ is missing/],
    "no layer": [
      ({ target, child }) => target.blobs.delete(child.blobs[1]!.digest),
      /blob sha256:\w+ is missing/,
    ],
    "no config": [
      ({ target, child }) => target.blobs.delete(child.blobs[0]!.digest),
      /blob sha256:\w+ is missing/,
    ],
  };
  for (const [what, [damage, message]] of Object.entries(damages)) {
    const image = await pushed("1");
    damage(image);
    await assert.rejects(verifyPush(image.job, RETRY), (error) => {
      assert.ok(isPusherError(error, "DIGEST_MISMATCH"), what);
      assert.match(error.message, /^Cannot verify "r\.example\/app:1": /);
      assert.match(error.message, message, what);
      return true;
    });
  }
});
