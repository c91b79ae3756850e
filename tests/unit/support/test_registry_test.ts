import assert from "node:assert/strict";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { sha256Of } from "../../support/registry/repository.ts";
import { rawRequest } from "../../support/raw_request.ts";
import { callRegistry, openUpload } from "../../support/registry_call.ts";
import { startTestRegistry } from "../../support/test_registry.ts";

const CONTENT = "the content of a blob";
const BYTES = new TextEncoder().encode(CONTENT);
const DIGEST = sha256Of(BYTES);

function errorCode(text: string): string {
  return JSON.parse(text).errors[0].code;
}

Deno.test("startTestRegistry() answers the ping", async () => {
  await using registry = startTestRegistry();
  const { status, headers } = await callRegistry(registry, "GET /v2/");
  assert.equal(status, 200);
  assert.equal(headers.get("docker-distribution-api-version"), "registry/2.0");
});

Deno.test("startTestRegistry() takes a blob by POST and PUT", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "team/app");
  const put = await callRegistry(registry, `PUT ${location}?digest=${DIGEST}`, {
    body: CONTENT,
    headers: OCTETS,
  });
  assert.equal(put.status, 201);
  assert.equal(put.headers.get("location"), `/v2/team/app/blobs/${DIGEST}`);
  const head = await callRegistry(registry, `HEAD /v2/team/app/blobs/${DIGEST}`);
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("content-length"), String(BYTES.length));
  assert.equal((await callRegistry(registry, `GET /v2/team/app/blobs/${DIGEST}`)).text, CONTENT);
  assert.deepEqual(registry.requests.map(({ kind, status, bodyBytes }) => [kind, status, bodyBytes]), [
    ["start-upload", 202, 0],
    ["commit", 201, BYTES.length],
    ["head-blob", 200, 0],
    ["get-blob", 200, 0],
  ]);
});

Deno.test("startTestRegistry() takes a blob by one POST", async () => {
  await using registry = startTestRegistry();
  const path = `/v2/app/blobs/uploads/?digest=${DIGEST}`;
  assert.equal(
    (await callRegistry(registry, `POST ${path}`, { body: CONTENT, headers: OCTETS })).status,
    201,
  );
  assert.equal(registry.repository("app").blobs.get(DIGEST)?.sizeBytes, BYTES.length);
  assert.equal(registry.repository("app").uploads.size, 0);
});

Deno.test("startTestRegistry() takes a blob in parts and says how far it is", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  const first = await callRegistry(registry, `PATCH ${location}`, {
    body: CONTENT.slice(0, 8),
    headers: { ...OCTETS, "Content-Range": "0-7" },
  });
  assert.deepEqual([first.status, first.headers.get("range")], [202, "0-7"]);
  const status = await callRegistry(registry, `GET ${location}`);
  assert.deepEqual([status.status, status.headers.get("range")], [204, "0-7"]);
  const second = await callRegistry(registry, `PATCH ${location}`, {
    body: CONTENT.slice(8),
    headers: OCTETS,
  });
  assert.deepEqual([second.status, second.headers.get("range")], [202, `0-${BYTES.length - 1}`]);
  assert.equal((await callRegistry(registry, `PUT ${location}?digest=${DIGEST}`)).status, 201);
});

Deno.test("startTestRegistry() takes the last part with the PUT", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  const range = { ...OCTETS, "Content-Range": "0-7" };
  await callRegistry(registry, `PATCH ${location}`, { body: CONTENT.slice(0, 8), headers: range });
  const put = await callRegistry(registry, `PUT ${location}?digest=${DIGEST}`, {
    body: CONTENT.slice(8),
    headers: { ...OCTETS, "Content-Range": `8-${BYTES.length - 1}` },
  });
  assert.equal(put.status, 201);
});

Deno.test("startTestRegistry() takes a body in chunked transfer encoding", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(BYTES.slice(0, 5));
      controller.enqueue(BYTES.slice(5));
      controller.close();
    },
  });
  assert.equal((await callRegistry(registry, `PATCH ${location}`, { body, headers: OCTETS })).status, 202);
  assert.equal(registry.requests.at(-1)?.headers.get("transfer-encoding"), "chunked");
  assert.equal((await callRegistry(registry, `PUT ${location}?digest=${DIGEST}`)).status, 201);
});

Deno.test("startTestRegistry() refuses a part out of order and keeps the upload", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  const headers = { ...OCTETS, "Content-Range": "5-9" };
  const refused = await callRegistry(registry, `PATCH ${location}`, { body: "56789", headers });
  assert.deepEqual([refused.status, errorCode(refused.text)], [416, "RANGE_INVALID"]);
  assert.equal((await callRegistry(registry, `GET ${location}`)).status, 204);
});

for (const contentRange of ["bytes 0-4", "bytes=0-4", "0-4/5", "0"]) {
  Deno.test(`startTestRegistry() refuses the Content-Range "${contentRange}"`, async () => {
    await using registry = startTestRegistry();
    const location = await openUpload(registry, "app");
    const headers = { ...OCTETS, "Content-Range": contentRange };
    assert.equal((await callRegistry(registry, `PATCH ${location}`, { body: "01234", headers })).status, 400);
  });
}

Deno.test("startTestRegistry() refuses a part whose length is not that of its range", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  const headers = { ...OCTETS, "Content-Range": "0-5" };
  const refused = await callRegistry(registry, `PATCH ${location}`, { body: "01234", headers });
  assert.deepEqual([refused.status, errorCode(refused.text)], [400, "SIZE_INVALID"]);
});

Deno.test("startTestRegistry() refuses a part of another content type", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  const headers = { "Content-Type": "application/json" };
  assert.equal((await callRegistry(registry, `PATCH ${location}`, { body: "01234", headers })).status, 415);
});

Deno.test("startTestRegistry() ends an upload whose digest is wrong", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  const put = await callRegistry(registry, `PUT ${location}?digest=${DIGEST}`, {
    body: "other",
    headers: OCTETS,
  });
  assert.deepEqual([put.status, errorCode(put.text)], [400, "DIGEST_INVALID"]);
  assert.equal((await callRegistry(registry, `GET ${location}`)).status, 404);
  assert.equal(registry.repository("app").blobs.size, 0);
});

Deno.test("startTestRegistry() refuses a digest it cannot read and keeps the upload", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  assert.equal((await callRegistry(registry, `PUT ${location}?digest=md5:abc`)).status, 400);
  assert.equal((await callRegistry(registry, `GET ${location}`)).status, 204);
});

Deno.test("startTestRegistry() takes an empty blob", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  const digest = sha256Of(new Uint8Array());
  assert.equal((await callRegistry(registry, `PUT ${location}?digest=${digest}`)).status, 201);
  assert.equal((await callRegistry(registry, `GET /v2/app/blobs/${digest}`)).text, "");
});

Deno.test("startTestRegistry() mounts a blob that is there and opens an upload if it is not", async () => {
  await using registry = startTestRegistry();
  registry.repository("base").putBlob(BYTES);
  const mount = `POST /v2/app/blobs/uploads/?mount=${DIGEST}`;
  const mounted = await callRegistry(registry, `${mount}&from=base`);
  assert.deepEqual([mounted.status, mounted.headers.get("location")], [201, `/v2/app/blobs/${DIGEST}`]);
  assert.equal((await callRegistry(registry, `GET /v2/app/blobs/${DIGEST}`)).text, CONTENT);
  const opened = await callRegistry(registry, `${mount}&from=elsewhere`);
  assert.equal(opened.status, 202);
  assert.equal((await callRegistry(registry, `GET ${opened.headers.get("location")}`)).status, 204);
  assert.deepEqual(registry.requests.map(({ kind }) => kind), ["mount", "get-blob", "mount", "status"]);
});

Deno.test("startTestRegistry() cancels an upload", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  assert.equal((await callRegistry(registry, `DELETE ${location}`)).status, 204);
  const { status, text } = await callRegistry(registry, `PATCH ${location}`, { body: "x", headers: OCTETS });
  assert.deepEqual([status, errorCode(text)], [404, "BLOB_UPLOAD_UNKNOWN"]);
});

Deno.test("startTestRegistry() gives ranges of a blob", async () => {
  await using registry = startTestRegistry();
  registry.repository("app").putBlob("0123456789");
  const path = `/v2/app/blobs/${sha256Of(new TextEncoder().encode("0123456789"))}`;
  const get = (range: string) => callRegistry(registry, `GET ${path}`, { headers: { "Range": range } });
  assert.deepEqual([(await get("bytes=2-4")).status, (await get("bytes=2-4")).text], [206, "234"]);
  assert.equal((await get("bytes=7-")).text, "789");
  assert.equal((await get("bytes=-2")).text, "89");
  assert.equal((await get("bytes=5-99")).headers.get("content-range"), "bytes 5-9/10");
  assert.equal((await get("bytes=10-")).status, 416);
});

Deno.test("startTestRegistry() gives a range of a blob that came in parts", async () => {
  await using registry = startTestRegistry();
  const location = await openUpload(registry, "app");
  for (const body of [CONTENT.slice(0, 8), CONTENT.slice(8)]) {
    await callRegistry(registry, `PATCH ${location}`, { body, headers: OCTETS });
  }
  await callRegistry(registry, `PUT ${location}?digest=${DIGEST}`);
  const headers = { "Range": "bytes=4-11" };
  const { text } = await callRegistry(registry, `GET /v2/app/blobs/${DIGEST}`, { headers });
  assert.equal(text, CONTENT.slice(4, 12));
});

Deno.test("startTestRegistry() asks a client that waits to be told for no body that it does not want", async () => {
  await using registry = startTestRegistry();
  const head = (path: string) =>
    `PATCH ${path} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n`;
  assert.match(await rawRequest(registry.host, head("/v2/app/blobs/uploads/1")), /^HTTP\/1\.1 404 /);
  const { pathname } = new URL(await openUpload(registry, "app"));
  const taken = await rawRequest(registry.host, head(pathname), "one");
  assert.match(taken, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /);
});

Deno.test("startTestRegistry() deletes blobs and manifests with their tags", async () => {
  await using registry = startTestRegistry();
  const { digest, tag } = seedImage(registry);
  assert.equal((await callRegistry(registry, `DELETE /v2/app/manifests/${digest}`)).status, 202);
  assert.equal((await callRegistry(registry, `GET /v2/app/manifests/${tag}`)).status, 404);
  const [blob] = registry.repository("app").blobs.keys();
  assert.equal((await callRegistry(registry, `DELETE /v2/app/blobs/${blob}`)).status, 202);
  assert.equal((await callRegistry(registry, `HEAD /v2/app/blobs/${blob}`)).status, 404);
});

Deno.test("startTestRegistry() stores a manifest and gives the same bytes by tag and digest", async () => {
  await using registry = startTestRegistry();
  const { bytes } = seedImage(registry, "other");
  const headers = { "Content-Type": MEDIA_TYPE.ociManifest };
  const put = await callRegistry(registry, "PUT /v2/app/manifests/1.0", { body: bytes, headers });
  assert.deepEqual([put.status, put.headers.get("docker-content-digest")], [201, sha256Of(bytes)]);
  for (const name of ["1.0", sha256Of(bytes)]) {
    const got = await callRegistry(registry, `GET /v2/app/manifests/${name}`);
    assert.equal(got.text, new TextDecoder().decode(bytes));
    assert.equal(got.headers.get("content-type"), MEDIA_TYPE.ociManifest);
    const head = await callRegistry(registry, `HEAD /v2/app/manifests/${name}`);
    assert.equal(head.headers.get("content-length"), String(bytes.length));
  }
});

Deno.test("startTestRegistry() refuses manifests that are not what they should be", async () => {
  await using registry = startTestRegistry();
  const { bytes } = seedImage(registry);
  const put = async (name: string, type: string, body: string | Uint8Array<ArrayBuffer>) => {
    const headers = { "Content-Type": type };
    const { status, text } = await callRegistry(registry, `PUT /v2/app/manifests/${name}`, { body, headers });
    return `${status} ${errorCode(text)}`;
  };
  const missing = JSON.stringify({
    ...JSON.parse(new TextDecoder().decode(bytes)),
    layers: [{ mediaType: MEDIA_TYPE.ociLayer, digest: sha256Of(new Uint8Array(3)), size: 3 }],
  });
  const child = { mediaType: MEDIA_TYPE.ociManifest, digest: DIGEST, size: 1 };
  const index = JSON.stringify({ schemaVersion: 2, manifests: [child] });
  assert.equal(await put("1", MEDIA_TYPE.ociManifest, missing), "400 MANIFEST_BLOB_UNKNOWN");
  assert.equal(await put("1", MEDIA_TYPE.ociIndex, index), "400 MANIFEST_BLOB_UNKNOWN");
  assert.equal(await put("1", MEDIA_TYPE.dockerManifest, bytes), "400 MANIFEST_INVALID");
  assert.equal(await put("1", "text/plain", bytes), "400 MANIFEST_INVALID");
  assert.equal(await put("1", MEDIA_TYPE.ociManifest, "{"), "400 MANIFEST_INVALID");
  assert.equal(await put("-1", MEDIA_TYPE.ociManifest, bytes), "400 TAG_INVALID");
  assert.equal(await put(DIGEST, MEDIA_TYPE.ociManifest, bytes), "400 DIGEST_INVALID");
  assert.equal(await put("1", MEDIA_TYPE.ociManifest, "x".repeat(4 * 2 ** 20 + 1)), "413 SIZE_INVALID");
});

Deno.test("startTestRegistry() accepts a subject that is missing and lists who refers to it", async () => {
  await using registry = startTestRegistry();
  const { bytes } = seedImage(registry);
  const subject = { mediaType: MEDIA_TYPE.ociManifest, digest: DIGEST, size: 1 };
  const body = JSON.stringify({
    ...JSON.parse(new TextDecoder().decode(bytes)),
    subject,
    artifactType: "a/b",
  });
  const headers = { "Content-Type": MEDIA_TYPE.ociManifest };
  const put = await callRegistry(registry, "PUT /v2/app/manifests/sig", { body, headers });
  assert.deepEqual([put.status, put.headers.get("oci-subject")], [201, DIGEST]);
  const { text } = await callRegistry(registry, `GET /v2/app/referrers/${DIGEST}`);
  assert.deepEqual(JSON.parse(text).manifests.map((each: { artifactType: string }) => each.artifactType), [
    "a/b",
  ]);
});

Deno.test("startTestRegistry() lists tags in pages", async () => {
  await using registry = startTestRegistry();
  for (const tag of ["c", "a", "b"]) seedImage(registry, tag);
  const first = await callRegistry(registry, "GET /v2/app/tags/list?n=2");
  assert.deepEqual(JSON.parse(first.text), { name: "app", tags: ["a", "b"] });
  const next = /^<(.+)>; rel="next"$/.exec(first.headers.get("link") ?? "")?.[1];
  const second = await callRegistry(registry, `GET ${next}`);
  assert.deepEqual(JSON.parse(second.text).tags, ["c"]);
  assert.equal(second.headers.get("link"), null);
  assert.equal((await callRegistry(registry, "GET /v2/nothing/tags/list")).status, 404);
});

Deno.test("startTestRegistry() refuses names that are none and pages that are not the registry's", async () => {
  await using registry = startTestRegistry();
  const { status, text } = await callRegistry(registry, `HEAD /v2/App/blobs/${DIGEST}`);
  assert.deepEqual([status, text], [400, ""]);
  assert.equal((await callRegistry(registry, "GET /")).status, 404);
  assert.equal((await callRegistry(registry, "TRACE_ /v2/")).status, 404);
});

Deno.test("startTestRegistry() only hashes large blobs when told to discard them", async () => {
  await using registry = startTestRegistry({ storage: "discard" });
  const large = new Uint8Array(3 * 2 ** 20).fill(7);
  const digest = sha256Of(large);
  for (const [body, name] of [[large, digest], [BYTES, DIGEST]] as const) {
    const path = `POST /v2/app/blobs/uploads/?digest=${name}`;
    assert.equal((await callRegistry(registry, path, { body, headers: OCTETS })).status, 201);
  }
  assert.deepEqual(registry.repository("app").blobs.get(digest), {
    sizeBytes: large.length,
    parts: undefined,
  });
  assert.equal((await callRegistry(registry, `HEAD /v2/app/blobs/${digest}`)).status, 200);
  assert.equal((await callRegistry(registry, `GET /v2/app/blobs/${DIGEST}`)).text, CONTENT);
});

const OCTETS = { "Content-Type": MEDIA_TYPE.octetStream };

function seedImage(
  registry: ReturnType<typeof startTestRegistry>,
  tag = "latest",
): { digest: string; tag: string; bytes: Uint8Array<ArrayBuffer> } {
  const repository = registry.repository("app");
  const config = repository.putBlob("{}", MEDIA_TYPE.ociConfig);
  const layers = [repository.putBlob(`layer of ${tag}`, MEDIA_TYPE.ociLayer)];
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers };
  const { digest } = repository.putManifest(manifest, MEDIA_TYPE.ociManifest, tag);
  assert.deepEqual(repository.readManifest(tag), manifest);
  return { digest, tag, bytes: repository.findManifest(digest)!.bytes };
}
