/** The content management cases of the OCI distribution conformance suite, against what `serve --store` answers with. */

import assert from "node:assert/strict";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { ask, openServedStore, prepareImage, pushManifest } from "../../support/served_store.ts";

Deno.test("conformance: a tag is deleted, and what it pointed at stays", async () => {
  await using served = await openServedStore();
  const { digest } = await pushManifest(served.handler, "app:1", await prepareImage(served.handler, "app"));
  assert.equal((await ask(served.handler, "DELETE /v2/app/manifests/1")).status, 202);
  assert.equal((await ask(served.handler, "GET /v2/app/manifests/1")).status, 404);
  assert.equal((await ask(served.handler, `GET /v2/app/manifests/${digest}`)).status, 200);
  assert.deepEqual(JSON.parse((await ask(served.handler, "GET /v2/app/tags/list")).text).tags, []);
  assert.equal((await ask(served.handler, "DELETE /v2/app/manifests/1")).status, 404);
});

Deno.test("conformance: a tag that moves leaves what it pointed at", async () => {
  await using served = await openServedStore();
  const first = await pushManifest(served.handler, "app:1", await prepareImage(served.handler, "app"));
  const second = await pushManifest(
    served.handler,
    "app:1",
    await prepareImage(served.handler, "app", { seed: "2" }),
  );
  const tagged = await ask(served.handler, "HEAD /v2/app/manifests/1");
  assert.equal(tagged.headers.get("docker-content-digest"), second.digest);
  assert.equal((await ask(served.handler, `GET /v2/app/manifests/${first.digest}`)).status, 200);
});

Deno.test("conformance: a manifest is deleted with its tags, in its repository alone", async () => {
  await using served = await openServedStore();
  const image = await prepareImage(served.handler, "app");
  const { digest } = await pushManifest(served.handler, "app:1", image);
  await pushManifest(served.handler, "app:2", image);
  await pushManifest(served.handler, "other:1", image);
  assert.equal((await ask(served.handler, `DELETE /v2/app/manifests/${digest}`)).status, 202);
  for (const name of ["1", "2", digest]) {
    assert.equal((await ask(served.handler, `GET /v2/app/manifests/${name}`)).status, 404);
  }
  assert.equal((await ask(served.handler, "GET /v2/other/manifests/1")).status, 200);
  assert.equal((await ask(served.handler, `DELETE /v2/app/manifests/${digest}`)).status, 404);
});

Deno.test("conformance: blobs are deleted when no manifest names them", async () => {
  await using served = await openServedStore();
  const image = await prepareImage(served.handler, "app");
  const { digest } = await pushManifest(served.handler, "app:1", image);
  const blobs = [image.config, ...image.layers].map((blob) => `/v2/app/blobs/${blob.digest}`);
  for (const blob of blobs) assert.equal((await ask(served.handler, `DELETE ${blob}`)).status, 405);
  await ask(served.handler, `DELETE /v2/app/manifests/${digest}`);
  for (const blob of blobs) {
    assert.equal((await ask(served.handler, `DELETE ${blob}`)).status, 202);
    assert.equal((await ask(served.handler, `GET ${blob}`)).status, 404);
    assert.equal((await ask(served.handler, `DELETE ${blob}`)).status, 404);
  }
});

Deno.test("conformance: a manifest stays as long as an index lists it", async () => {
  await using served = await openServedStore();
  const image = await prepareImage(served.handler, "app");
  const { digest } = await pushManifest(served.handler, "app", image);
  const { digest: indexDigest } = await pushManifest(served.handler, "app:all", {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [{ mediaType: image.mediaType, digest, size: JSON.stringify(image).length }],
  });
  assert.equal((await ask(served.handler, `DELETE /v2/app/manifests/${digest}`)).status, 405);
  assert.equal((await ask(served.handler, `DELETE /v2/app/manifests/${indexDigest}`)).status, 202);
  assert.equal((await ask(served.handler, `DELETE /v2/app/manifests/${digest}`)).status, 202);
});
