/** The push cases of the OCI distribution conformance suite, against what `serve --store` answers with. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import type { RegistryHandler } from "../../../lib/server/registry_handler.ts";
import { sha256Of } from "../../support/registry/repository.ts";
import { ask, openServedStore, prepareImage, pushBlob, pushManifest } from "../../support/served_store.ts";

const CONTENT = "0123456789abcdef";
const DIGEST = sha256Of(new TextEncoder().encode(CONTENT));
const OCTETS = { "Content-Type": "application/octet-stream" };

async function openUpload(handler: RegistryHandler): Promise<string> {
  const { status, headers } = await ask(handler, "POST /v2/app/blobs/uploads/");
  assert.equal(status, 202);
  return headers.get("location")!;
}

async function assertHeld(handler: RegistryHandler, digest: string = DIGEST): Promise<void> {
  assert.equal((await ask(handler, `GET /v2/app/blobs/${digest}`)).text, CONTENT);
}

Deno.test("conformance: a blob is pushed by one POST", async () => {
  await using served = await openServedStore();
  const answer = await ask(served.handler, `POST /v2/app/blobs/uploads/?digest=${DIGEST}`, {
    body: CONTENT,
    headers: OCTETS,
  });
  assert.deepEqual([answer.status, answer.headers.get("location")], [201, `/v2/app/blobs/${DIGEST}`]);
  await assertHeld(served.handler);
});

Deno.test("conformance: a blob is pushed by POST and PUT", async () => {
  await using served = await openServedStore();
  const location = await openUpload(served.handler);
  const put = await ask(served.handler, `PUT ${location}?digest=${DIGEST}`, {
    body: CONTENT,
    headers: OCTETS,
  });
  assert.deepEqual([put.status, put.headers.get("docker-content-digest")], [201, DIGEST]);
  await assertHeld(served.handler);
  assert.equal((await ask(served.handler, `GET ${location}`)).status, 404);
});

Deno.test("conformance: a blob is streamed by PATCH without Content-Range", async () => {
  await using served = await openServedStore();
  const location = await openUpload(served.handler);
  const patch = await ask(served.handler, `PATCH ${location}`, { body: CONTENT, headers: OCTETS });
  assert.deepEqual([patch.status, patch.headers.get("range")], [202, "0-15"]);
  assert.equal((await ask(served.handler, `PUT ${location}?digest=${DIGEST}`)).status, 201);
  await assertHeld(served.handler);
});

Deno.test("conformance: a blob is pushed in chunks, and only in order", async () => {
  await using served = await openServedStore();
  const location = await openUpload(served.handler);
  const patch = (range: string, body: string) =>
    ask(served.handler, `PATCH ${location}`, { body, headers: { ...OCTETS, "Content-Range": range } });
  const early = await patch("3-7", CONTENT.slice(3, 8));
  assert.deepEqual([early.status, early.headers.get("location")], [416, location]);
  assert.deepEqual((await patch("0-2", CONTENT.slice(0, 3))).headers.get("range"), "0-2");
  const again = await patch("0-2", CONTENT.slice(0, 3));
  assert.deepEqual([again.status, again.headers.get("range")], [416, "0-2"]);
  const status = await ask(served.handler, `GET ${location}`);
  assert.deepEqual([status.status, status.headers.get("range")], [204, "0-2"]);
  assert.equal((await patch("3-7", CONTENT.slice(3, 8))).status, 202);
  const put = await ask(served.handler, `PUT ${location}?digest=${DIGEST}`, {
    body: CONTENT.slice(8),
    headers: { ...OCTETS, "Content-Range": "8-15" },
  });
  assert.equal(put.status, 201);
  await assertHeld(served.handler);
});

Deno.test("conformance: a chunk must be as long as its range, and say it in the specification's form", async () => {
  await using served = await openServedStore();
  const location = await openUpload(served.handler);
  for (const [range, code] of [["0-5", "SIZE_INVALID"], ["bytes=0-3", "BLOB_UPLOAD_INVALID"]]) {
    const headers = { ...OCTETS, "Content-Range": range!, "Content-Length": "4" };
    const { status, text } = await ask(served.handler, `PATCH ${location}`, { body: "0123", headers });
    assert.deepEqual([status, JSON.parse(text).errors[0].code], [400, code]);
  }
});

Deno.test("conformance: an upload that is given up is gone", async () => {
  await using served = await openServedStore();
  const location = await openUpload(served.handler);
  assert.equal((await ask(served.handler, `DELETE ${location}`)).status, 204);
  assert.equal((await ask(served.handler, `GET ${location}`)).status, 404);
});

Deno.test("conformance: a blob of another digest is not kept", async () => {
  await using served = await openServedStore();
  const location = await openUpload(served.handler);
  const put = await ask(served.handler, `PUT ${location}?digest=${DIGEST}`, {
    body: "other",
    headers: OCTETS,
  });
  assert.deepEqual([put.status, JSON.parse(put.text).errors[0].code], [400, "DIGEST_INVALID"]);
  assert.equal((await ask(served.handler, `HEAD /v2/app/blobs/${DIGEST}`)).status, 404);
  assert.equal((await ask(served.handler, `PUT ${await openUpload(served.handler)}`)).status, 400);
});

Deno.test("conformance: digests may be SHA-512, of blobs and of manifests", async () => {
  await using served = await openServedStore();
  const sha512 = (text: string) => `sha512:${createHash("sha512").update(text).digest("hex")}`;
  const location = await openUpload(served.handler);
  await ask(served.handler, `PATCH ${location}`, { body: CONTENT, headers: OCTETS });
  assert.equal((await ask(served.handler, `PUT ${location}?digest=${sha512(CONTENT)}`)).status, 201);
  await assertHeld(served.handler, sha512(CONTENT));
  const manifest = JSON.stringify(await prepareImage(served.handler, "app"));
  const put = await ask(served.handler, `PUT /v2/app/manifests/${sha512(manifest)}`, {
    body: manifest,
    headers: { "Content-Type": MEDIA_TYPE.ociManifest },
  });
  assert.equal(put.status, 201);
  assert.equal((await ask(served.handler, `GET /v2/app/manifests/${sha512(manifest)}`)).text, manifest);
});

Deno.test("conformance: a blob is mounted from another repository", async () => {
  await using served = await openServedStore();
  const { digest } = await pushBlob(served.handler, "other", CONTENT);
  for (const from of ["&from=other", ""]) {
    const mount = await ask(served.handler, `POST /v2/app/blobs/uploads/?mount=${digest}${from}`);
    assert.deepEqual([mount.status, mount.headers.get("location")], [201, `/v2/app/blobs/${digest}`]);
  }
  await assertHeld(served.handler, digest);
  const nowhere = await ask(
    served.handler,
    `POST /v2/app/blobs/uploads/?mount=sha256:${"0".repeat(64)}&from=other`,
  );
  assert.deepEqual([nowhere.status, nowhere.headers.has("docker-upload-uuid")], [202, true]);
});

Deno.test("conformance: a manifest is taken when everything it names is there", async () => {
  await using served = await openServedStore();
  const image = await prepareImage(served.handler, "app");
  const { digest, answer } = await pushManifest(served.handler, "app:1", image);
  assert.deepEqual([answer.status, answer.headers.get("location")], [201, `/v2/app/manifests/${digest}`]);
  const missing = { ...image.config, digest: DIGEST };
  for (const broken of [{ ...image, config: missing }, { ...image, layers: [missing] }]) {
    const { answer } = await pushManifest(served.handler, "app:2", broken);
    assert.deepEqual([answer.status, JSON.parse(answer.text).errors[0].code], [400, "MANIFEST_BLOB_UNKNOWN"]);
  }
  assert.equal(
    (await pushManifest(served.handler, "app:empty", { ...image, layers: [] })).answer.status,
    201,
  );
  const foreign = { ...missing, mediaType: MEDIA_TYPE.ociForeignLayer, urls: ["https://elsewhere.test/"] };
  assert.equal(
    (await pushManifest(served.handler, "app:foreign", { ...image, layers: [foreign] })).answer.status,
    201,
  );
});

Deno.test("conformance: an index is taken when its manifests are there", async () => {
  await using served = await openServedStore();
  const image = await prepareImage(served.handler, "app");
  const size = JSON.stringify(image).length;
  const digest = sha256Of(new TextEncoder().encode(JSON.stringify(image)));
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [{ mediaType: image.mediaType, digest, size }],
  };
  assert.equal((await pushManifest(served.handler, "app:all", index)).answer.status, 400);
  await pushManifest(served.handler, "app", image);
  assert.equal((await pushManifest(served.handler, "app:all", index)).answer.status, 201);
});

Deno.test("conformance: what is no manifest is refused, and what is too large is not even read", async () => {
  await using served = await openServedStore();
  const image = await prepareImage(served.handler, "app");
  const refusals: [body: BodyInit, type: string, status: number, code: string][] = [
    ["{", MEDIA_TYPE.ociManifest, 400, "MANIFEST_INVALID"],
    [JSON.stringify(image), "application/json", 400, "MANIFEST_INVALID"],
    [JSON.stringify(image), MEDIA_TYPE.dockerManifest, 400, "MANIFEST_INVALID"],
    [JSON.stringify({ ...image, manifests: [] }), MEDIA_TYPE.ociManifest, 400, "MANIFEST_INVALID"],
    [new Uint8Array(4 * 2 ** 20 + 1), MEDIA_TYPE.ociManifest, 413, "SIZE_INVALID"],
  ];
  for (const [body, type, status, code] of refusals) {
    const answer = await ask(served.handler, "PUT /v2/app/manifests/1", {
      body,
      headers: { "Content-Type": type },
    });
    assert.deepEqual([answer.status, JSON.parse(answer.text).errors[0].code], [status, code]);
  }
  const other = await ask(served.handler, `PUT /v2/app/manifests/${DIGEST}`, {
    body: JSON.stringify(image),
    headers: { "Content-Type": image.mediaType },
  });
  assert.deepEqual([other.status, JSON.parse(other.text).errors[0].code], [400, "DIGEST_INVALID"]);
});
