/** The pull cases of the OCI distribution conformance suite, against what `serve --store` answers with. */

import assert from "node:assert/strict";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { ask, openServedStore, prepareImage, pushManifest } from "../../support/served_store.ts";

const NOWHERE = `sha256:${"0".repeat(64)}`;

Deno.test("conformance: blobs are found by HEAD and GET, with length and digest", async () => {
  await using served = await openServedStore();
  const { config } = await prepareImage(served.handler, "team/app");
  const head = await ask(served.handler, `HEAD /v2/team/app/blobs/${config.digest}`);
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.equal(head.headers.get("content-length"), `${config.size}`);
  assert.equal(head.headers.get("docker-content-digest"), config.digest);
  const get = await ask(served.handler, `GET /v2/team/app/blobs/${config.digest}`);
  assert.deepEqual([get.status, get.text.length], [200, config.size]);
  for (const method of ["HEAD", "GET"]) {
    assert.equal((await ask(served.handler, `${method} /v2/team/app/blobs/${NOWHERE}`)).status, 404);
  }
});

Deno.test("conformance: parts of blobs are read by Range", async () => {
  await using served = await openServedStore();
  const { layers: [layer] } = await prepareImage(served.handler, "app");
  const part = (range: string) =>
    ask(served.handler, `GET /v2/app/blobs/${layer!.digest}`, { headers: { Range: range } });
  const middle = await part("bytes=4-8");
  assert.deepEqual([middle.status, middle.text], [206, "layer"]);
  assert.equal(middle.headers.get("content-range"), `bytes 4-8/${layer!.size}`);
  assert.equal(middle.headers.get("content-length"), "5");
  assert.equal((await part("bytes=-1")).text, "1");
  assert.equal((await part("bytes=4-")).text, "layer of 1");
  const beyond = await part(`bytes=${layer!.size}-`);
  assert.deepEqual([beyond.status, beyond.headers.get("content-range")], [416, `bytes */${layer!.size}`]);
});

Deno.test("conformance: manifests are found by tag and by digest, byte for byte", async () => {
  await using served = await openServedStore();
  const image = await prepareImage(served.handler, "app");
  const { digest } = await pushManifest(served.handler, "app:1", image);
  for (const name of ["1", digest]) {
    const head = await ask(served.handler, `HEAD /v2/app/manifests/${name}`);
    assert.deepEqual([head.status, head.text], [200, ""]);
    assert.equal(head.headers.get("content-length"), `${JSON.stringify(image).length}`);
    assert.equal(head.headers.get("docker-content-digest"), digest);
    const get = await ask(served.handler, `GET /v2/app/manifests/${name}`);
    assert.deepEqual([get.status, get.text], [200, JSON.stringify(image)]);
    assert.equal(get.headers.get("content-type"), MEDIA_TYPE.ociManifest);
  }
  for (
    const request of ["HEAD /v2/app/manifests/2", "GET /v2/app/manifests/2", `GET /v2/other/manifests/1`]
  ) {
    assert.equal((await ask(served.handler, request)).status, 404);
  }
});

Deno.test("conformance: what a client has already is not sent again", async () => {
  await using served = await openServedStore();
  const image = await prepareImage(served.handler, "app");
  const { digest } = await pushManifest(served.handler, "app:1", image);
  for (
    const [path, known] of [["manifests/1", digest], [`blobs/${image.config.digest}`, image.config.digest]]
  ) {
    const headers = { "If-None-Match": `"${known}"` };
    const { status, text } = await ask(served.handler, `GET /v2/app/${path}`, { headers });
    assert.deepEqual([status, text], [304, ""]);
  }
});

Deno.test("conformance: errors are written as the specification says", async () => {
  await using served = await openServedStore();
  const codes: [request: string, status: number, code: string][] = [
    [`GET /v2/app/blobs/${NOWHERE}`, 404, "BLOB_UNKNOWN"],
    ["GET /v2/app/blobs/sha256:xyz", 400, "DIGEST_INVALID"],
    ["GET /v2/app/manifests/1", 404, "MANIFEST_UNKNOWN"],
    ["GET /v2/App/manifests/1", 400, "NAME_INVALID"],
    ["GET /v2/app/tags/list", 404, "NAME_UNKNOWN"],
    ["GET /v2/app/referrers/latest", 400, "DIGEST_INVALID"],
    ["PATCH /v2/app/blobs/uploads/nothing", 404, "BLOB_UPLOAD_UNKNOWN"],
    ["PUT /v2/app/manifests/sha256:xyz", 400, "DIGEST_INVALID"],
    ["PUT /v2/app/manifests/.", 404, "UNSUPPORTED"],
    ["GET /v1/", 404, "UNSUPPORTED"],
  ];
  for (const [request, status, code] of codes) {
    const answer = await ask(served.handler, request);
    assert.equal(answer.headers.get("content-type"), "application/json");
    const { errors: [error] } = JSON.parse(answer.text);
    assert.deepEqual([answer.status, error.code, typeof error.message], [status, code, "string"], request);
  }
});
