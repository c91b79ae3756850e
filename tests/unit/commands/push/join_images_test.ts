import assert from "node:assert/strict";
import { joinImages } from "../../../../lib/commands/push/join_images.ts";
import { isPusherError } from "../../../../lib/errors.ts";
import { formatReference } from "../../../../lib/spec/reference.ts";
import { digestsIn, imageTree, indexTree } from "../../../support/manifest_trees.ts";
import { sourcedImage } from "./sourced_images.ts";

const amd64 = await imageTree("linux/amd64");
const arm64 = await imageTree("linux/arm64");

Deno.test("joinImages() makes one image of several, with the names that all of them have", async () => {
  const image = await joinImages([
    sourcedImage(amd64, "a.example/app:1", "a.example/app:amd64"),
    { ...sourcedImage(arm64, "a.example/app:arm64", "a.example/app:1"), path: "other.tar" },
  ]);
  assert.deepEqual(digestsIn(image.root), [amd64, arm64].map(digestsIn));
  assert.deepEqual(image.names.map(formatReference), ["a.example/app:1"]);
  assert.equal(image.path, "app.tar, other.tar");
});

Deno.test("joinImages() leaves out the platforms that archives lack", async () => {
  const partial = await indexTree([amd64], { absent: [arm64] });
  const image = await joinImages([sourcedImage(partial), sourcedImage(arm64)]);
  assert.deepEqual(digestsIn(image.root), [amd64, arm64].map(digestsIn));
});

Deno.test("joinImages() needs two images", async () => {
  for (const images of [[], [sourcedImage(amd64, "a:1")]]) {
    await assert.rejects(() => joinImages(images), (error) => {
      assert(isPusherError(error, "USAGE"));
      assert.match(error.message, /^Cannot make an index: there is one image only$/);
      return true;
    });
  }
});

Deno.test("joinImages() names archive and image when two are for one platform", async () => {
  const other = await imageTree("linux/amd64", "other");
  await assert.rejects(() => joinImages([sourcedImage(amd64, "a:1"), sourcedImage(other, "b:1")]), {
    message:
      'Cannot make one index: "app.tar (docker.io/library/a:1)" and "app.tar (docker.io/library/b:1)" are both ' +
      "for linux/amd64",
  });
});
