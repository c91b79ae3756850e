import assert from "node:assert/strict";
import { checkCsrfCookie } from "../../support/registry/answer_faults.ts";
import { dropConnection } from "../../support/registry/connection_faults.ts";
import type { Behaviour } from "../../support/registry/fault.ts";
import { sha256Of } from "../../support/registry/repository.ts";
import {
  bare416,
  forgetCutUpload,
  ignoreHeader,
  ignoreQuery,
  keepStateInLocation,
  limitBody,
  limitRangedPart,
  rangeOfEmpty,
  staleRange,
  takeOneBody,
  takePartsOnly,
  undoCutPart,
  wantBodyInCommit,
  wantContentLength,
  wantLargeParts,
} from "../../support/registry/upload_quirks.ts";
import { type CallAnswer, callRegistry, openUpload } from "../../support/registry_call.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const BODY = "0123456789";
const DIGEST = sha256Of(new TextEncoder().encode(BODY));

function startWith(behaviour: Behaviour): TestRegistry {
  return startTestRegistry({ faults: [{ times: Infinity, do: behaviour }] });
}

/** Appends, at an offset if one is given. */
function patch(registry: TestRegistry, location: string, body: string, offset?: number): Promise<CallAnswer> {
  const headers: Record<string, string> = { "Content-Type": "application/octet-stream" };
  if (offset !== undefined) headers["Content-Range"] = `${offset}-${offset + body.length - 1}`;
  return callRegistry(registry, `PATCH ${location}`, { body, headers });
}

function put(
  registry: TestRegistry,
  location: string,
  body = "",
  digest: string = DIGEST,
): Promise<CallAnswer> {
  const headers = { "Content-Type": "application/octet-stream" };
  const url = `${location}${location.includes("?") ? "&" : "?"}digest=${digest}`;
  return callRegistry(registry, `PUT ${url}`, { body, headers });
}

Deno.test("keepStateInLocation() forgets an upload that was cut within a part, on any request", async () => {
  await using registry = startWith(keepStateInLocation("forget"));
  const opened = await openUpload(registry, "app");
  const { headers } = await patch(registry, opened, "01234");
  const location = headers.get("location")!;
  assert.match(location, /\?_state=5$/);
  assert.equal((await callRegistry(registry, `GET ${location}`)).status, 204);
  const cut = registry.addFault({ on: "append", do: dropConnection({ afterBodyBytes: 2 }) });
  await assert.rejects(patch(registry, location, "56789"), TypeError);
  assert.equal(cut.strikes, 1);
  const status = await callRegistry(registry, `GET ${location}`);
  assert.deepEqual([status.status, JSON.parse(status.text).errors[0].code], [404, "BLOB_UPLOAD_INVALID"]);
  assert.equal(registry.repository("app").uploads.size, 0);
});

Deno.test("keepStateInLocation() refuses an old Location but tells the new one", async () => {
  await using registry = startWith(keepStateInLocation("refuse"));
  const opened = await openUpload(registry, "app");
  assert.equal((await patch(registry, opened, "01234")).status, 202);
  assert.equal((await patch(registry, opened, "56789")).status, 416);
  const { headers } = await callRegistry(registry, `GET ${opened}`);
  assert.equal(headers.get("range"), "0-4");
  const last = await patch(registry, headers.get("location")!, "56789", 5);
  assert.equal((await put(registry, last.headers.get("location")!)).status, 201);
});

Deno.test("undoCutPart() takes the part again from its start", async () => {
  await using registry = startWith(undoCutPart());
  const location = await openUpload(registry, "app");
  await patch(registry, location, "01234");
  registry.addFault({ on: "append", do: dropConnection({ afterBodyBytes: 2 }) });
  await assert.rejects(patch(registry, location, "56789", 5), TypeError);
  assert.equal((await patch(registry, location, "56789", 5)).status, 202);
  assert.equal((await put(registry, location)).status, 201);
});

Deno.test("forgetCutUpload() ends the upload", async () => {
  await using registry = startWith(forgetCutUpload());
  const location = await openUpload(registry, "app");
  registry.addFault({ on: "append", do: dropConnection({ afterBodyBytes: 2 }) });
  await assert.rejects(patch(registry, location, "01234"), TypeError);
  assert.equal((await callRegistry(registry, `GET ${location}`)).status, 404);
});

Deno.test("limitBody() refuses large bodies with a page of HTML", async () => {
  await using registry = startWith(limitBody(9));
  const location = await openUpload(registry, "app");
  const refused = await patch(registry, location, BODY);
  assert.deepEqual([refused.status, refused.headers.get("content-type")], [413, "text/html"]);
  assert.equal((await patch(registry, location, "012345678")).status, 202);
});

Deno.test("limitRangedPart() refuses large parts only if they have a Content-Range", async () => {
  await using registry = startWith(limitRangedPart(9));
  const refused = await patch(registry, await openUpload(registry, "app"), BODY, 0);
  assert.equal(refused.status, 416);
  assert.match(refused.text, /request body too large/);
  assert.equal((await patch(registry, await openUpload(registry, "app"), BODY)).status, 202);
});

Deno.test("wantLargeParts() says how large and takes a small one only at the end", async () => {
  await using registry = startWith(wantLargeParts(4));
  const { headers } = await callRegistry(registry, "POST /v2/app/blobs/uploads/");
  assert.equal(headers.get("oci-chunk-min-length"), "4");
  const location = headers.get("location")!;
  assert.equal((await patch(registry, location, "01234", 0)).status, 202);
  assert.equal((await patch(registry, location, "567", 5)).status, 202);
  assert.equal((await patch(registry, location, "89", 8)).status, 416);
});

Deno.test("takeOneBody() takes a stream in one PATCH, but no parts", async () => {
  await using registry = startWith((exchange, next) =>
    exchange.route.kind === "append" ? takeOneBody()(exchange, next) : next()
  );
  assert.equal((await patch(registry, await openUpload(registry, "app"), BODY, 0)).status, 405);
  const location = await openUpload(registry, "app");
  assert.equal((await patch(registry, location, BODY)).status, 202);
  assert.equal((await put(registry, location)).status, 201);
});

Deno.test("takePartsOnly() refuses a body in the PUT", async () => {
  await using registry = startTestRegistry({
    faults: [{ on: "commit", times: Infinity, do: takePartsOnly() }],
  });
  const location = await openUpload(registry, "app");
  assert.equal((await put(registry, location, BODY)).status, 405);
  await patch(registry, location, BODY);
  assert.equal((await put(registry, location)).status, 201);
});

Deno.test("wantBodyInCommit() refuses an empty PUT after parts", async () => {
  await using registry = startTestRegistry({
    faults: [{ on: "commit", times: Infinity, do: wantBodyInCommit() }],
  });
  const location = await openUpload(registry, "app");
  await patch(registry, location, "01234");
  assert.equal((await put(registry, location)).status, 400);
  assert.equal((await put(registry, location, "56789")).status, 201);
  const empty = sha256Of(new Uint8Array());
  assert.equal((await put(registry, await openUpload(registry, "app"), "", empty)).status, 201);
});

Deno.test("wantContentLength() refuses chunked transfer encoding", async () => {
  await using registry = startWith(wantContentLength());
  const location = await openUpload(registry, "app");
  const body = new Blob([BODY]).stream();
  assert.equal((await callRegistry(registry, `PATCH ${location}`, { body })).status, 411);
});

Deno.test("ignoreHeader() and ignoreQuery() make a registry blind", async () => {
  await using blind = startWith(ignoreHeader("content-range"));
  assert.equal((await patch(blind, await openUpload(blind, "app"), BODY, 77)).status, 202);
  await using old = startWith(ignoreQuery("digest"));
  const posted = await callRegistry(old, `POST /v2/app/blobs/uploads/?digest=${DIGEST}`, { body: BODY });
  assert.equal(posted.status, 202);
  assert.equal(old.repository("app").blobs.size, 0);
});

Deno.test("staleRange() says for ever how far the first part went", async () => {
  await using registry = startWith(staleRange());
  const location = await openUpload(registry, "app");
  assert.equal((await patch(registry, location, "01234", 0)).headers.get("range"), "0-4");
  assert.equal((await patch(registry, location, "56789", 5)).headers.get("range"), "0-4");
  assert.equal((await callRegistry(registry, `GET ${location}`)).headers.get("range"), "0-4");
  assert.equal((await put(registry, location)).status, 201);
});

Deno.test("rangeOfEmpty() changes what is said of an empty upload, and nothing after", async () => {
  for (const value of ["0--1", undefined]) {
    await using registry = startWith(rangeOfEmpty(value));
    const { headers } = await callRegistry(registry, "POST /v2/app/blobs/uploads/");
    assert.equal(headers.get("range"), value ?? null);
    const location = headers.get("location")!;
    assert.equal((await callRegistry(registry, `GET ${location}`)).headers.get("range"), value ?? null);
    assert.equal((await patch(registry, location, "01")).headers.get("range"), "0-1");
  }
});

Deno.test("bare416() leaves Location and Range out of a 416", async () => {
  const headers = async (registry: TestRegistry) =>
    (await patch(registry, await openUpload(registry, "app"), BODY, 5)).headers;
  await using spec = startTestRegistry();
  assert.equal((await headers(spec)).has("location"), true);
  await using bare = startWith(bare416());
  const answered = await headers(bare);
  assert.deepEqual([answered.has("location"), answered.has("range")], [false, false]);
});

Deno.test("checkCsrfCookie() refuses a client that returns cookies", async () => {
  await using registry = startWith(checkCsrfCookie());
  const first = await callRegistry(registry, "POST /v2/app/blobs/uploads/");
  assert.equal(first.headers.getSetCookie().length, 2);
  const headers = { "Cookie": first.headers.getSetCookie()[0]! };
  const second = await callRegistry(registry, "POST /v2/app/blobs/uploads/", { headers });
  assert.equal(second.status, 403);
  assert.match(second.text, /CSRF/);
});
