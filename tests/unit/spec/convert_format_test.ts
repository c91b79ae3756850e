import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { convertFormat } from "../../../lib/spec/convert_format.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import {
  assertConsistent,
  attestationTree,
  digestsIn,
  documentOf,
  imageTree,
  indexTree,
} from "../../support/manifest_trees.ts";

const OCI_LAYERS = [
  MEDIA_TYPE.ociLayer,
  MEDIA_TYPE.ociLayerGzip,
  MEDIA_TYPE.ociForeignLayer,
  MEDIA_TYPE.ociForeignLayerGzip,
];
const DOCKER_LAYERS = [
  MEDIA_TYPE.dockerLayer,
  MEDIA_TYPE.dockerLayerGzip,
  MEDIA_TYPE.dockerForeignLayer,
  MEDIA_TYPE.dockerForeignLayerGzip,
];
const DOCKER = { mediaType: MEDIA_TYPE.dockerManifest, configType: MEDIA_TYPE.dockerConfig };
const annotations = { note: "kept" };

Deno.test("convertFormat() leaves alone what is of the format already", async () => {
  const oci = await imageTree("linux/amd64", "", { layerTypes: OCI_LAYERS, annotations });
  const index = await indexTree([oci, await attestationTree(oci)], { annotations });
  assert.equal(await convertFormat(index, "oci"), index);
  const docker = await imageTree("linux/amd64", "", { ...DOCKER, layerTypes: DOCKER_LAYERS });
  const list = await indexTree([docker], { mediaType: MEDIA_TYPE.dockerManifestList });
  assert.equal(await convertFormat(list, "docker"), list);
});

Deno.test("convertFormat() to docker's gives docker's type to everything, and only what docker knows", async () => {
  const image = await imageTree("linux/amd64", "", { layerTypes: OCI_LAYERS, annotations });
  const root = await convertFormat(image, "docker");
  await assertConsistent(root);
  const document = documentOf(root);
  assert.deepEqual(Object.keys(document), ["schemaVersion", "mediaType", "config", "layers"]);
  assert.equal(document.mediaType, MEDIA_TYPE.dockerManifest);
  assert.equal(document.config.mediaType, MEDIA_TYPE.dockerConfig);
  assert.deepEqual(document.layers.map(({ mediaType }: { mediaType: string }) => mediaType), DOCKER_LAYERS);
  assert.deepEqual(root.blobs.map(({ digest }) => digest), image.blobs.map(({ digest }) => digest));
});

Deno.test("convertFormat() of an index converts what it lists, and leaves out attestations", async () => {
  const amd64 = await imageTree("linux/amd64");
  const arm64 = await imageTree("linux/arm/v6");
  const index = await indexTree([amd64, arm64, await attestationTree(amd64)], { annotations });
  const list = await convertFormat(index, "docker");
  await assertConsistent(list);
  const document = documentOf(list);
  assert.deepEqual(Object.keys(document), ["schemaVersion", "mediaType", "manifests"]);
  assert.equal(document.mediaType, MEDIA_TYPE.dockerManifestList);
  assert.deepEqual(
    document.manifests.map(({ mediaType, platform }: typeof amd64.descriptor) => [mediaType, platform]),
    [
      [MEDIA_TYPE.dockerManifest, { os: "linux", architecture: "amd64" }],
      [MEDIA_TYPE.dockerManifest, { os: "linux", architecture: "arm", variant: "v6" }],
    ],
  );
});

Deno.test("convertFormat() to OCI's keeps everything else, and back again gives docker's digest", async () => {
  const docker = await imageTree("linux/amd64", "", { ...DOCKER, layerTypes: DOCKER_LAYERS });
  const oci = await convertFormat(docker, "oci");
  await assertConsistent(oci);
  assert.deepEqual(oci.blobs.slice(1).map(({ mediaType }) => mediaType), OCI_LAYERS);
  assert.deepEqual(digestsIn(await convertFormat(oci, "docker")), digestsIn(docker));
});

Deno.test("convertFormat() to OCI's makes one family of a mixture, as docker's classic builder writes it", async () => {
  const mixed = await imageTree("linux/amd64", "", {
    layerTypes: [MEDIA_TYPE.dockerLayerGzip, MEDIA_TYPE.dockerLayerZstd, "application/x-other"],
    annotations,
  });
  const root = await convertFormat(mixed, "oci");
  await assertConsistent(root);
  const types = [MEDIA_TYPE.ociLayerGzip, MEDIA_TYPE.ociLayerZstd, "application/x-other"];
  assert.deepEqual(root.blobs.slice(1).map(({ mediaType }) => mediaType), types);
  assert.deepEqual(documentOf(root).annotations, annotations);
});

Deno.test("convertFormat() refuses what docker has no type for, and names it", async () => {
  for (
    const options of [
      { layerTypes: [MEDIA_TYPE.ociLayerZstd] },
      { configType: "application/vnd.oci.empty.v1+json" },
      { layerTypes: ["application/x-\u{7}"] },
    ]
  ) {
    const tree = await imageTree("linux/amd64", "", options);
    await assert.rejects(() => convertFormat(tree, "docker"), (error) => {
      assert(isPusherError(error, "USAGE"), String(error));
      assert.match(
        error.message,
        /^Cannot convert to docker's format: it has no type for sha256:[0-9a-f]{64}, which/,
      );
      assert(!error.message.includes("\u{7}"));
      return true;
    });
  }
});
