import assert from "node:assert/strict";
import type { ManifestNode } from "../../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { referrersTag } from "../../../../lib/spec/referrers.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { putManifests } from "../../../../lib/transfer/push/put_manifests.ts";
import { imageTree, indexTree } from "../../../support/manifest_trees.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { MemoryTarget, refusal } from "../memory_target.ts";

const app = await imageTree("linux/amd64");
const index = await indexTree([app]);
const sbom = await imageTree("linux/amd64", "sbom", { subject: app, artifactType: "application/spdx+json" });
const signature = await imageTree("linux/amd64", "signature", { subject: index });
const digest = ({ descriptor }: ManifestNode): string => descriptor.digest;
const tagOf = ({ descriptor }: ManifestNode): string => referrersTag(descriptor.digest);

/** Puts an image called `1`; gives what was told. */
async function put(
  target: MemoryTarget,
  root: ManifestNode,
  ...referrers: ManifestNode[]
): Promise<TransferEvent[]> {
  const events: TransferEvent[] = [];
  const job = { image: { names: [], root, referrers }, source: new MemoryBlobs(), target, tag: "1" };
  const { signal } = new AbortController();
  await putManifests(job, { signal, onEvent: (event) => events.push(event), ask: (request) => request() });
  return events;
}

const references = ({ manifests }: MemoryTarget): string[] => manifests.map(({ reference }) => reference);

Deno.test("putManifests() stores children first, the tag last", async () => {
  const target = new MemoryTarget();
  const events = await put(target, index);
  assert.deepEqual(references(target), [digest(app), "1"]);
  assert.deepEqual(events.map((event) => event.type === "manifest:done" && event.digest), [
    digest(app),
    digest(index),
  ]);
});

Deno.test("putManifests() stores what refers to an image behind it, yet before the tag", async () => {
  const target = new MemoryTarget();
  await put(target, index, sbom, signature);
  assert.deepEqual(references(target), [digest(app), digest(index), digest(sbom), digest(signature), "1"]);
});

Deno.test("putManifests() stores children that refer to others after those", async () => {
  const target = new MemoryTarget();
  const root = await indexTree([sbom, app]);
  await put(target, root);
  assert.deepEqual(references(target), [digest(app), digest(sbom), "1"]);
});

Deno.test("putManifests() lists referrers under their tag where the registry does not", async () => {
  const target = new MemoryTarget();
  target.listsReferrers = false;
  const other = await imageTree("linux/amd64", "other", { subject: app });
  await put(target, index, sbom, other);
  assert.deepEqual(references(target), [
    digest(app),
    digest(index),
    digest(sbom),
    tagOf(app),
    digest(other),
    tagOf(app),
    "1",
  ]);
  const list = target.manifests.findLast(({ reference }) => reference === tagOf(app))!;
  assert.equal(list.mediaType, MEDIA_TYPE.ociIndex);
  const { manifests } = JSON.parse(new TextDecoder().decode(list.bytes));
  assert.deepEqual(manifests.map((entry: { digest: string }) => entry.digest), [digest(sbom), digest(other)]);
});

Deno.test("putManifests() leaves a list alone that names the referrer already", async () => {
  const target = new MemoryTarget();
  target.listsReferrers = false;
  await put(target, index, sbom);
  const before = target.manifests.length;
  await put(target, index, sbom);
  assert.deepEqual(references(target).slice(before), [digest(app), digest(index), digest(sbom), "1"]);
});

Deno.test("putManifests() does not overwrite an image that has the tag of a list", async () => {
  const target = new MemoryTarget();
  target.listsReferrers = false;
  target.manifests.push({ reference: tagOf(app), bytes: app.bytes, mediaType: app.descriptor.mediaType });
  const events = await put(target, index, sbom);
  assert.deepEqual(references(target), [tagOf(app), digest(app), digest(index), digest(sbom), "1"]);
  assert.match(
    warningIn(events),
    /^Cannot list what refers to sha256:\w+ as "r\.example\/app:sha256-\w+": it is/,
  );
});

Deno.test("putManifests() stores an image whose referrers a registry will not list, and warns", async () => {
  const target = new MemoryTarget();
  target.listsReferrers = false;
  target.script = ({ call, phase, subject }) => {
    if (call === "putManifest" && phase === "before" && subject === tagOf(app)) {
      throw refusal(400, "TAG_INVALID", false);
    }
  };
  const events = await put(target, index, sbom);
  assert.deepEqual(references(target), [digest(app), digest(index), digest(sbom), "1"]);
  assert.match(warningIn(events), /Cannot list .* the registry answered 400 TAG_INVALID$/);
});

function warningIn(events: readonly TransferEvent[]): string {
  const [warning] = events.flatMap((event) => event.type === "warning" ? [event.message] : []);
  return warning ?? "";
}
