import assert from "node:assert/strict";
import type { ManifestNode } from "../../../lib/spec/image.ts";
import {
  attestationsOf,
  describeManifest,
  isAttestation,
  platformImages,
  platformOf,
  subjectOf,
} from "../../../lib/spec/platform_images.ts";
import { attestationTree, forPlatform, imageTree, indexTree } from "../../support/manifest_trees.ts";

const amd64 = await imageTree("linux/amd64");
const arm = await imageTree("linux/arm/v6");
const ofAmd64 = await attestationTree(amd64);
const ofArm = await attestationTree(arm);

Deno.test("isAttestation() knows attestations in indexes, and those that say it themselves", () => {
  assert(isAttestation(ofAmd64.descriptor));
  const artifactType = "application/vnd.docker.attestation.manifest.v1+json";
  assert(isAttestation({ ...amd64.descriptor, artifactType }));
  assert(!isAttestation(amd64.descriptor));
  assert(!isAttestation({ ...amd64.descriptor, annotations: {}, artifactType: "application/spdx+json" }));
});

Deno.test("platformOf() believes the index first, then the config", () => {
  const windows = { os: "windows", architecture: "amd64", "os.version": "10.0.1" };
  assert.deepEqual(platformOf(forPlatform(amd64, windows)), windows);
  assert.deepEqual(platformOf(forPlatform(arm, { os: "", architecture: "" })), {
    os: "linux",
    architecture: "arm",
    variant: "v6",
    "os.version": undefined,
  });
  assert.equal(platformOf({ ...amd64, config: undefined }), undefined);
  assert.equal(platformOf({ ...amd64, config: { ...amd64.config!, os: "" } }), undefined);
});

Deno.test("platformImages() and attestationsOf() look into nested indexes and give each once", async () => {
  const nested = await indexTree([amd64, ofAmd64]);
  const root = await indexTree([nested, await indexTree([nested, arm]), ofArm]);
  assert.deepEqual(platformImages(root), [amd64, arm]);
  assert.deepEqual(attestationsOf(root), [ofAmd64, ofArm]);
  assert.deepEqual(attestationsOf(root, [arm]), [ofArm]);
  assert.deepEqual([platformImages(amd64), attestationsOf(amd64)], [[amd64], []]);
});

Deno.test("platformImages() is done with indexes that multiply, as a hostile archive nests them", async () => {
  let level: ManifestNode[] = [amd64, arm];
  for (let depth = 0; depth < 14; depth++) {
    level = [await indexTree(level), await indexTree([...level].reverse())];
  }
  assert.equal(platformImages(await indexTree(level)).length, 2);
});

Deno.test("subjectOf() and describeManifest() tell people what a manifest is about", async () => {
  const sbom = await imageTree("linux/amd64", "sbom", { subject: arm });
  assert.equal(subjectOf(sbom), arm.descriptor.digest);
  assert.equal(subjectOf(ofAmd64), amd64.descriptor.digest);
  assert.equal(subjectOf(amd64), undefined);
  assert.equal(describeManifest(arm), "linux/arm/v6");
  assert.equal(describeManifest(ofArm), "an attestation");
  assert.equal(describeManifest({ descriptor: amd64.descriptor }), amd64.descriptor.digest);
});
