import assert from "node:assert/strict";
import { digestOf } from "../../../lib/spec/digest.ts";
import { DocumentError } from "../../../lib/spec/documents.ts";
import type { Image, ManifestNode } from "../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { parseReference } from "../../../lib/spec/reference.ts";
import { attachReferrers, referrersOf, referrersTag, withReferrer } from "../../../lib/spec/referrers.ts";
import { imageTree, indexTree } from "../../support/manifest_trees.ts";

const app = await imageTree("linux/amd64");
const index = await indexTree([app]);
const sbom = await imageTree("linux/amd64", "sbom", {
  subject: app,
  artifactType: "application/spdx+json",
  annotations: { made: "today" },
});
const signature = await imageTree("linux/amd64", "signature", { subject: sbom });
const stranger = await imageTree("linux/amd64", "stranger", { subject: await imageTree("linux/arm64") });

const image = (root: ManifestNode, ...names: string[]): Image => ({ root, names: names.map(parseReference) });
const parse = (bytes: Uint8Array | undefined): unknown => JSON.parse(new TextDecoder().decode(bytes));

Deno.test("attachReferrers() gives images what refers to them, also by one another", () => {
  const images = attachReferrers([
    image(signature),
    image(index, "r.example/app:1"),
    image(sbom),
    image(stranger),
  ]);
  assert.deepEqual(images, [
    { ...image(index, "r.example/app:1"), referrers: [sbom, signature] },
    image(stranger),
  ]);
});

Deno.test("attachReferrers() leaves alone what has a name or no subject", () => {
  const images = [image(app, "r.example/app:1"), image(sbom, "r.example/sbom:1"), image(index)];
  assert.deepEqual(attachReferrers(images), images);
});

Deno.test("attachReferrers() gives what refers to several images to each", () => {
  const [first, second] = attachReferrers([image(index, "a:1"), image(app, "b:1"), image(sbom)]);
  assert.deepEqual([first?.referrers, second?.referrers], [[sbom], [sbom]]);
});

Deno.test("referrersOf() gives each after what it refers to", () => {
  assert.deepEqual(referrersOf(index, [signature, stranger, sbom]), [sbom, signature]);
  assert.deepEqual(referrersOf(index, [signature]), []);
});

Deno.test("referrersTag() is the digest with a dash, cut to what tags may be", async () => {
  const digest = await digestOf(new Uint8Array());
  assert.equal(referrersTag(digest), digest.replace(":", "-"));
  const long = `sha512:${"ab".repeat(64)}` as typeof digest;
  assert.equal(referrersTag(long), `sha512-${"ab".repeat(32)}`);
});

Deno.test("withReferrer() starts an index, adds to it, and lists nothing twice", async () => {
  const first = await withReferrer(undefined, sbom);
  const { mediaType, digest, size } = sbom.descriptor;
  const entry = {
    mediaType,
    digest,
    size,
    annotations: { made: "today" },
    artifactType: "application/spdx+json",
  };
  assert.deepEqual(parse(first?.bytes), {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [entry],
  });
  assert.equal(first?.descriptor.digest, await digestOf(first!.bytes));
  const second = await withReferrer(first!.bytes, signature);
  const { manifests } = parse(second?.bytes) as { manifests: unknown[] };
  const other = { ...signature.descriptor, artifactType: MEDIA_TYPE.ociConfig };
  assert.deepEqual(manifests, [entry, other]);
  assert.equal(await withReferrer(second!.bytes, sbom), undefined);
});

Deno.test("withReferrer() does not overwrite what is no index", async () => {
  await assert.rejects(() => withReferrer(app.bytes, sbom), DocumentError);
  await assert.rejects(() => withReferrer(new Uint8Array(3), sbom), DocumentError);
});
