import assert from "node:assert/strict";
import { wholePart } from "../../../lib/spec/whole_part.ts";
import {
  assertConsistent,
  attestationTree,
  digestsIn,
  imageTree,
  indexTree,
} from "../../support/manifest_trees.ts";

const amd64 = await imageTree("linux/amd64");
const arm64 = await imageTree("linux/arm64");
const s390x = await imageTree("linux/s390x");
const partial = await imageTree("linux/ppc64le", "", { isPartial: true });
const ofAmd64 = await attestationTree(amd64);
const ofS390x = await attestationTree(s390x);

Deno.test("wholePart() leaves alone what is whole", async () => {
  const index = await indexTree([amd64, await indexTree([arm64]), ofAmd64]);
  assert.equal(await wholePart(index), index);
  assert.equal(await wholePart(amd64), amd64);
});

Deno.test("wholePart() of one platform out of several is its manifest", async () => {
  assert.equal(await wholePart(await indexTree([amd64], { absent: [arm64] })), amd64);
  assert.equal(await wholePart(await indexTree([amd64, ofAmd64, partial])), amd64);
});

Deno.test("wholePart() of an image without its attestation is the image", async () => {
  assert.equal(await wholePart(await indexTree([amd64], { absent: [ofAmd64] })), amd64);
});

Deno.test("wholePart() of several platforms is a new index of them and their attestations", async () => {
  const nested = await indexTree([arm64], { absent: [s390x] });
  const part = await wholePart(await indexTree([amd64, nested, partial, ofAmd64, ofS390x]));
  await assertConsistent(part!);
  assert.deepEqual(digestsIn(part!), [amd64, arm64, ofAmd64].map(digestsIn));
});

Deno.test("wholePart() is nothing when no platform is whole", async () => {
  assert.equal(await wholePart(partial), undefined);
  assert.equal(await wholePart(await indexTree([partial, ofAmd64], { absent: [amd64] })), undefined);
  assert.equal(await wholePart(await indexTree([], { absent: [amd64] })), undefined);
});
