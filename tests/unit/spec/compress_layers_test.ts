import assert from "node:assert/strict";
import { compressLayers, plainLayers } from "../../../lib/spec/compress_layers.ts";
import { type Digest, sha256Digest } from "../../../lib/spec/digest.ts";
import type { ManifestNode } from "../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import {
  assertConsistent,
  attestationTree,
  documentOf,
  forPlatform,
  imageTree,
  indexTree,
} from "../../support/manifest_trees.ts";

const COMPRESSED = { digest: sha256Digest("c".repeat(64)), size: 4 };
const DOCKER = { mediaType: MEDIA_TYPE.dockerManifest, configType: MEDIA_TYPE.dockerConfig };
const MIXED_LAYERS = [MEDIA_TYPE.ociLayer, MEDIA_TYPE.ociLayerGzip, MEDIA_TYPE.ociForeignLayer];

/** Says that all plain layers of a tree have become the same. */
function becoming(root: ManifestNode): Map<Digest, typeof COMPRESSED> {
  return new Map(plainLayers(root).map(({ digest }) => [digest, COMPRESSED]));
}

function layerTypes(root: ManifestNode): string[] {
  return documentOf(root).layers.map(({ mediaType }: { mediaType: string }) => mediaType);
}

Deno.test("plainLayers() finds what is plain and pushed, in images only", async () => {
  const image = await imageTree("linux/amd64", "", { layerTypes: MIXED_LAYERS });
  const docker = await imageTree("linux/arm64", "", { ...DOCKER, layerTypes: [MEDIA_TYPE.dockerLayer] });
  const artifact = {
    ...await imageTree("linux/amd64", "x", { layerTypes: MIXED_LAYERS }),
    config: undefined,
  };
  const odd = await imageTree("linux/amd64", "y", { layerTypes: ["constructor", "toString"] });
  const index = await indexTree([image, docker, artifact, odd]);
  assert.deepEqual(plainLayers(index).map(({ digest }) => digest), [
    image.blobs[1]!.digest,
    docker.blobs[1]!.digest,
  ]);
});

Deno.test("compressLayers() leaves alone what has nothing to compress, attestations and all", async () => {
  const image = await imageTree("linux/amd64", "", { layerTypes: [MEDIA_TYPE.ociLayerGzip] });
  const index = await indexTree([image, await attestationTree(image)]);
  assert.equal(await compressLayers(index, becoming(index), "gzip"), index);
  const plain = await imageTree("linux/amd64", "", { layerTypes: MIXED_LAYERS });
  assert.equal(await compressLayers(plain, new Map(), "gzip"), plain);
});

for (const compression of ["gzip", "zstd"] as const) {
  Deno.test(`compressLayers() names ${compression} layers by what they are, and keeps all else`, async () => {
    const annotations = { note: "kept" };
    const image = await imageTree("linux/amd64", "", { layerTypes: MIXED_LAYERS, annotations });
    const root = await compressLayers(image, becoming(image), compression);
    await assertConsistent(root);
    const type = compression === "gzip" ? MEDIA_TYPE.ociLayerGzip : MEDIA_TYPE.ociLayerZstd;
    assert.deepEqual(layerTypes(root), [type, ...MIXED_LAYERS.slice(1)]);
    const { config, layers, ...rest } = documentOf(root);
    assert.deepEqual(layers[0], { mediaType: type, ...COMPRESSED });
    assert.deepEqual(layers.slice(1), documentOf(image).layers.slice(1));
    assert.deepEqual(config, documentOf(image).config);
    assert.deepEqual(rest.annotations, annotations);
    assert.notEqual(root.descriptor.digest, image.descriptor.digest);
  });
}

Deno.test("compressLayers() keeps docker's types with gzip, and takes OCI's with zstd", async () => {
  const docker = await imageTree("linux/amd64", "", {
    ...DOCKER,
    layerTypes: [MEDIA_TYPE.dockerLayer, MEDIA_TYPE.dockerLayerGzip],
  });
  const gzip = await compressLayers(docker, becoming(docker), "gzip");
  await assertConsistent(gzip);
  assert.equal(gzip.descriptor.mediaType, MEDIA_TYPE.dockerManifest);
  assert.deepEqual(layerTypes(gzip), [MEDIA_TYPE.dockerLayerGzip, MEDIA_TYPE.dockerLayerGzip]);
  const zstd = await compressLayers(docker, becoming(docker), "zstd");
  await assertConsistent(zstd);
  assert.equal(zstd.descriptor.mediaType, MEDIA_TYPE.ociManifest);
  assert.equal(documentOf(zstd).config.mediaType, MEDIA_TYPE.ociConfig);
  assert.deepEqual(layerTypes(zstd), [MEDIA_TYPE.ociLayerZstd, MEDIA_TYPE.ociLayerGzip]);
});

Deno.test("compressLayers() of an index rewrites what it lists, and leaves out attestations", async () => {
  const annotations = { note: "kept" };
  const arm = { os: "linux", architecture: "arm64", variant: "v8" };
  const plain = forPlatform(await imageTree("linux/arm64", "", { layerTypes: MIXED_LAYERS }), arm);
  const packed = await imageTree("linux/amd64");
  const index = await indexTree([plain, packed, await attestationTree(plain)], { annotations });
  const root = await compressLayers(index, becoming(index), "gzip");
  await assertConsistent(root);
  const { manifests, annotations: kept } = documentOf(root);
  assert.equal(manifests.length, 2);
  assert.deepEqual(manifests[0].platform, arm);
  assert.notEqual(manifests[0].digest, plain.descriptor.digest);
  assert.equal(manifests[1].digest, packed.descriptor.digest);
  assert.deepEqual(kept, annotations);
});
