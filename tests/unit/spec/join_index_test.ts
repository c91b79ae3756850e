import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { type IndexPart, joinIndex } from "../../../lib/spec/join_index.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import {
  assertConsistent,
  attestationTree,
  digestsIn,
  documentOf,
  forPlatform,
  imageTree,
  indexTree,
} from "../../support/manifest_trees.ts";

const amd64 = await imageTree("linux/amd64");
const arm64 = await imageTree("linux/arm64");
const ofArm64 = await attestationTree(arm64);

async function refuses(parts: IndexPart[], reason: RegExp): Promise<void> {
  await assert.rejects(() => joinIndex(parts), (error) => {
    assert(isPusherError(error, "USAGE"), String(error));
    assert.match(error.message, reason);
    return true;
  });
}

Deno.test("joinIndex() lists images with the platforms of their configs, without what the archives say of them", async () => {
  const named = {
    ...amd64,
    descriptor: { ...amd64.descriptor, annotations: { "io.containerd.image.name": "a:1" } },
  };
  const index = await joinIndex([{ root: named, label: "a.tar" }, { root: arm64, label: "b.tar" }]);
  await assertConsistent(index);
  assert.deepEqual(documentOf(index), {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [
      { ...amd64.descriptor, platform: { os: "linux", architecture: "amd64" } },
      { ...arm64.descriptor, platform: { os: "linux", architecture: "arm64" } },
    ],
  });
});

Deno.test("joinIndex() lists what indexes list, attestations last", async () => {
  const index = await joinIndex([
    { root: await indexTree([arm64, ofArm64]), label: "a.tar" },
    { root: await indexTree([await indexTree([amd64])]), label: "b.tar" },
  ]);
  await assertConsistent(index);
  assert.deepEqual(digestsIn(index), [arm64, amd64, ofArm64].map(digestsIn));
  assert.deepEqual(documentOf(index).manifests[2], ofArm64.descriptor);
});

Deno.test("joinIndex() lists the same manifest once", async () => {
  const index = await joinIndex([
    { root: amd64, label: "a.tar" },
    { root: await indexTree([amd64, arm64]), label: "b.tar" },
  ]);
  assert.deepEqual(digestsIn(index), [amd64, arm64].map(digestsIn));
});

Deno.test("joinIndex() makes docker's list of docker's images only", async () => {
  const docker = { mediaType: MEDIA_TYPE.dockerManifest, configType: MEDIA_TYPE.dockerConfig };
  const [a, b] = [await imageTree("linux/amd64", "", docker), await imageTree("linux/arm64", "", docker)];
  const list = await joinIndex([{ root: a, label: "a" }, { root: b, label: "b" }]);
  assert.equal(list.descriptor.mediaType, MEDIA_TYPE.dockerManifestList);
  await assertConsistent(list);
  const mixed = await joinIndex([{ root: a, label: "a" }, { root: arm64, label: "b" }]);
  assert.equal(mixed.descriptor.mediaType, MEDIA_TYPE.ociIndex);
});

Deno.test("joinIndex() refuses two images for one platform, and names both", async () => {
  const other = forPlatform(await imageTree("linux/arm64", "other"), {
    os: "linux",
    architecture: "arm64",
    variant: "v8",
  });
  await refuses(
    [{ root: arm64, label: "a.tar" }, { root: await indexTree([amd64, other]), label: "b\u{1b}.tar" }],
    /^Cannot make one index: "a\.tar" and "b\\u\{1b\}\.tar" are both for linux\/arm64$/,
  );
});

Deno.test("joinIndex() takes several versions of Windows", async () => {
  const parts = await Promise.all(["10.0.17763.1", "10.0.20348.2"].map(async (version) => ({
    root: forPlatform(await imageTree("windows/amd64", version), {
      os: "windows",
      architecture: "amd64",
      "os.version": version,
    }),
    label: version,
  })));
  assert.equal((await joinIndex(parts)).children.length, 2);
});

Deno.test("joinIndex() refuses what is for no platform", async () => {
  const artifact = { ...await imageTree("linux/amd64", "artifact"), config: undefined };
  await refuses(
    [{ root: amd64, label: "a" }, { root: artifact, label: "b" }],
    /nothing says which platform "b" is for/,
  );
});
