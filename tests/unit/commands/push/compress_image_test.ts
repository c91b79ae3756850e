import assert from "node:assert/strict";
import { compressImage } from "../../../../lib/commands/push/compress_image.ts";
import { plainLayers } from "../../../../lib/spec/compress_layers.ts";
import { type Digest, sha256Digest } from "../../../../lib/spec/digest.ts";
import type { ManifestNode } from "../../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { attestationTree, imageTree, indexTree } from "../../../support/manifest_trees.ts";
import { sourcedImage } from "./sourced_images.ts";

const COMPRESSED = { digest: sha256Digest("c".repeat(64)), size: 4 };
const PLAIN = { layerTypes: [MEDIA_TYPE.ociLayer] };

function becoming(root: ManifestNode): Map<Digest, typeof COMPRESSED> {
  return new Map(plainLayers(root).map(({ digest }) => [digest, COMPRESSED]));
}

Deno.test("compressImage() says what an image becomes, and keeps its names and the archive's digest", async () => {
  const root = await imageTree("linux/amd64", "", PLAIN);
  const { image, notice } = await compressImage(sourcedImage(root, "team/app:1"), becoming(root), "zstd");
  const { digest } = image.root.descriptor;
  assert.notEqual(digest, root.descriptor.digest);
  assert.equal(image.archiveDigest, root.descriptor.digest);
  assert.equal(image.names.length, 1);
  assert.equal(notice, `docker.io/team/app:1 is pushed with zstd layers, under the new digest ${digest}.`);
});

Deno.test("compressImage() says that there is nothing to compress", async () => {
  const root = await imageTree("linux/amd64");
  const plain = sourcedImage(root, "team/app:1");
  const { image, notice } = await compressImage(plain, becoming(root), "gzip");
  assert.equal(image, plain);
  assert.equal(notice, "docker.io/team/app:1 has no plain layers: it is pushed as it is.");
});

Deno.test("compressImage() says what is left out, since it is about another digest", async () => {
  const amd64 = await imageTree("linux/amd64", "", PLAIN);
  const arm64 = await imageTree("linux/arm64");
  const root = await indexTree([amd64, arm64, await attestationTree(amd64)]);
  const signature = await imageTree("linux/amd64", "signature", { subject: amd64 });
  const sbom = await imageTree("linux/amd64", "sbom", { subject: arm64 });
  const whole = { ...sourcedImage(root, "team/app:1"), referrers: [signature, sbom] };
  const { image, notice } = await compressImage(whole, becoming(root), "gzip");
  assert.deepEqual(image.referrers, [sbom]);
  assert.match(
    notice,
    /with gzip layers, without attestations, without 1 of the manifests that refer to it, under the new digest/,
  );
});

Deno.test("compressImage() says when docker's format becomes OCI's", async () => {
  const root = await imageTree("linux/amd64", "", {
    mediaType: MEDIA_TYPE.dockerManifest,
    configType: MEDIA_TYPE.dockerConfig,
    layerTypes: [MEDIA_TYPE.dockerLayer],
  });
  const { notice } = await compressImage(sourcedImage(root, "team/app:1"), becoming(root), "zstd");
  assert.match(notice, /with zstd layers, in OCI's format, under/);
});
