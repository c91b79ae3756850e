import assert from "node:assert/strict";
import { withoutAttestations } from "../../../lib/spec/without_attestations.ts";
import {
  assertConsistent,
  attestationTree,
  digestsIn,
  imageTree,
  indexTree,
} from "../../support/manifest_trees.ts";

const amd64 = await imageTree("linux/amd64");
const arm64 = await imageTree("linux/arm64");
const ofAmd64 = await attestationTree(amd64);
const ofArm64 = await attestationTree(arm64);

Deno.test("withoutAttestations() leaves alone what has none", async () => {
  const index = await indexTree([amd64, arm64]);
  assert.equal(await withoutAttestations(index), index);
  assert.equal(await withoutAttestations(amd64), amd64);
});

Deno.test("withoutAttestations() keeps the platforms of an index, in a new one", async () => {
  const root = await withoutAttestations(await indexTree([amd64, arm64, ofAmd64, ofArm64]));
  await assertConsistent(root);
  assert.deepEqual(digestsIn(root), [amd64, arm64].map(digestsIn));
});

Deno.test("withoutAttestations() of a single platform gives its manifest", async () => {
  assert.equal(await withoutAttestations(await indexTree([amd64, ofAmd64])), amd64);
});

Deno.test("withoutAttestations() does not make nothing of an image", async () => {
  const index = await indexTree([ofAmd64]);
  assert.equal(await withoutAttestations(index), index);
});
