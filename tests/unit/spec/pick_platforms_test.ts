import assert from "node:assert/strict";
import type { ManifestNode } from "../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { pickPlatforms } from "../../../lib/spec/pick_platforms.ts";
import { formatPlatform, parsePlatform } from "../../../lib/spec/platform.ts";
import {
  assertConsistent,
  attestationTree,
  documentOf,
  forPlatform,
  imageTree,
  indexTree,
} from "../../support/manifest_trees.ts";

const amd64 = await imageTree("linux/amd64");
const arm64 = await imageTree("linux/arm64");
const armv7 = forPlatform(await imageTree("linux/arm"), { os: "linux", architecture: "arm", variant: "v7" });
const ofAmd64 = await attestationTree(amd64);
const ofArm64 = await attestationTree(arm64);
const annotations = { "org.opencontainers.image.title": "app" };
const all = await indexTree([amd64, arm64, armv7, ofAmd64, ofArm64], { annotations });

async function pick(
  root: ManifestNode,
  ...platforms: string[]
): Promise<{ picked: ManifestNode | undefined; missing: string[] }> {
  const { picked, missing } = await pickPlatforms(root, platforms.map((text) => parsePlatform(text)!));
  if (picked) await assertConsistent(picked);
  return { picked, missing: missing.map(formatPlatform) };
}

const digestsOf = (nodes: readonly ManifestNode[]): string[] =>
  nodes.map(({ descriptor }) => descriptor.digest);

Deno.test("pickPlatforms() of one platform gives its manifest as it is", async () => {
  for (const text of ["linux/arm64", "linux/aarch64", "linux/arm64/v8"]) {
    assert.equal((await pick(all, text)).picked, arm64);
  }
  assert.equal((await pick(all, "linux/arm")).picked, armv7);
});

Deno.test("pickPlatforms() of several gives a new index of these and their attestations", async () => {
  const { picked, missing } = await pick(all, "linux/arm64", "linux/arm/v7");
  assert.deepEqual(missing, []);
  assert.deepEqual(digestsOf(picked!.children), digestsOf([arm64, armv7, ofArm64]));
  assert.deepEqual(documentOf(picked!), {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [
      { ...arm64.descriptor, platform: { os: "linux", architecture: "arm64" } },
      armv7.descriptor,
      ofArm64.descriptor,
    ],
    annotations,
  });
});

Deno.test("pickPlatforms() of all gives the index itself", async () => {
  assert.equal((await pick(all, "linux/arm/v7", "linux/amd64", "linux/arm64")).picked, all);
});

Deno.test("pickPlatforms() looks into nested indexes, and lists directly what it finds there", async () => {
  const nested = await indexTree([await indexTree([amd64, ofAmd64]), await indexTree([arm64, armv7])]);
  const { picked } = await pick(nested, "linux/amd64", "linux/arm64");
  assert.deepEqual(digestsOf(picked!.children), digestsOf([amd64, arm64, ofAmd64]));
});

Deno.test("pickPlatforms() of a single image gives it if it runs there", async () => {
  assert.deepEqual(await pick(amd64, "linux/x86_64"), { picked: amd64, missing: [] });
  assert.deepEqual(await pick(amd64, "linux/arm64"), { picked: undefined, missing: ["linux/arm64"] });
});

Deno.test("pickPlatforms() says which platforms are not there, or not whole", async () => {
  const partial = await imageTree("linux/s390x", "", { isPartial: true });
  const index = await indexTree([amd64, partial], { absent: [arm64] });
  const { picked, missing } = await pick(index, "linux/arm64", "linux/amd64", "linux/s390x", "linux/arm/v6");
  assert.equal(picked, amd64);
  assert.deepEqual(missing, ["linux/arm64", "linux/s390x", "linux/arm/v6"]);
});

Deno.test("pickPlatforms() takes every version of Windows, and attestations for no platform", async () => {
  const windows = await Promise.all(
    ["10.0.17763.1", "10.0.20348.2"].map(async (version) =>
      forPlatform(await imageTree("windows/amd64", version), {
        os: "windows",
        architecture: "amd64",
        "os.version": version,
        "os.features": ["win32k"],
      })
    ),
  );
  const index = await indexTree([...windows, amd64, ofAmd64]);
  const { picked } = await pick(index, "windows/amd64");
  assert.deepEqual(digestsOf(picked!.children), digestsOf(windows));
  assert.deepEqual(documentOf(picked!).manifests[1].platform, windows[1]!.descriptor.platform);
  assert.deepEqual((await pick(index, "unknown/unknown")).missing, ["unknown/unknown"]);
});
