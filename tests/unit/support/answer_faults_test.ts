import assert from "node:assert/strict";
import { rawRequest } from "../../support/raw_request.ts";
import {
  answerWith,
  claimBlob,
  forgetPart,
  htmlPage,
  redirectTo,
  refuse,
  rewriteAnswer,
  withHeader,
  withStatus,
} from "../../support/registry/answer_faults.ts";
import { sha256Of } from "../../support/registry/repository.ts";
import { callRegistry, openUpload } from "../../support/registry_call.ts";
import { startTestRegistry } from "../../support/test_registry.ts";

const DIGEST = sha256Of(new Uint8Array(5));
const OCTETS = { "Content-Type": "application/octet-stream" };

Deno.test("refuse() answers with an error, its headers and its own words", async () => {
  await using registry = startTestRegistry();
  const message = "slow \x1b[31mdown\x1b[0m";
  const headers = { "Retry-After": "Fri, 01 Jan 2027 00:00:00 GMT" };
  registry.addFault({ on: "head-blob", do: refuse(429, "TOOMANYREQUESTS", { message, headers }) });
  registry.addFault({
    on: "get-blob",
    do: refuse(503, "UNAVAILABLE", { message, headers: { "Retry-After": "soon" } }),
  });
  const head = await callRegistry(registry, `HEAD /v2/app/blobs/${DIGEST}`);
  assert.deepEqual([head.status, head.headers.get("retry-after")], [429, headers["Retry-After"]]);
  const get = await callRegistry(registry, `GET /v2/app/blobs/${DIGEST}`);
  assert.deepEqual([get.status, get.headers.get("retry-after")], [503, "soon"]);
  assert.deepEqual(JSON.parse(get.text), { errors: [{ code: "UNAVAILABLE", message }] });
});

Deno.test("answerWith() answers before a large body has come", async () => {
  await using registry = startTestRegistry();
  const page = htmlPage(413, "Request Entity Too Large");
  registry.addFault({ on: "append", do: answerWith(page, { afterBodyBytes: 5 }) });
  const head = "PATCH /v2/app/blobs/uploads/x HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nfirst";
  const text = await rawRequest(registry.host, head);
  assert.match(
    text,
    /^HTTP\/1\.1 413 Test\r\nContent-Type: text\/html\r\n.*Connection: close\r\n\r\n<html>/s,
  );
  assert.equal(registry.requests[0]?.bodyBytes, 5);
});

Deno.test("answerWith() can be rude: the rest of the body meets a closed connection", async () => {
  await using registry = startTestRegistry();
  registry.addFault({
    on: "append",
    times: 2,
    do: refuse(401, "UNAUTHORIZED", { afterBodyBytes: 0, isRude: true }),
  });
  const body = new Uint8Array(8 * 2 ** 20);
  const path = `PATCH /v2/app/blobs/uploads/x`;
  const outcome = await callRegistry(registry, path, { body }).then(
    ({ status }) => status,
    (error) => error.name,
  );
  assert(outcome === 401 || outcome === "TypeError", String(outcome));
  assert.equal(registry.requests[0]?.bodyBytes, 0);
});

Deno.test("redirectTo() sends the client elsewhere", async () => {
  await using registry = startTestRegistry();
  await using storage = startTestRegistry();
  const { digest } = storage.repository("app").putBlob("content");
  registry.addFault({ on: "get-blob", do: redirectTo(({ request }) => storage.origin + request.path) });
  const { status, headers } = await callRegistry(registry, `GET /v2/app/blobs/${digest}`);
  assert.equal(status, 307);
  assert.equal((await callRegistry(storage, `GET ${headers.get("location")}`)).text, "content");
});

Deno.test("withStatus() and withHeader() change answers that say yes, and no others", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", times: 2, do: withStatus(201) });
  registry.addFault({ on: "append", times: 2, do: withHeader("range", (old) => `bytes=${old}`) });
  const location = await openUpload(registry, "app");
  const { status, headers } = await callRegistry(registry, `PATCH ${location}`, {
    body: "ab",
    headers: OCTETS,
  });
  assert.deepEqual([status, headers.get("range")], [201, "bytes=0-1"]);
  const refused = await callRegistry(registry, "PATCH /v2/app/blobs/uploads/x", {
    body: "ab",
    headers: OCTETS,
  });
  assert.deepEqual([refused.status, refused.headers.get("range")], [404, null]);
});

Deno.test("rewriteAnswer() makes a registry give other bytes than it holds", async () => {
  await using registry = startTestRegistry();
  const { digest } = registry.repository("app").putBlob("content");
  registry.addFault({ on: "get-blob", do: rewriteAnswer((answer) => ({ ...answer, body: "tampered" })) });
  assert.equal((await callRegistry(registry, `GET /v2/app/blobs/${digest}`)).text, "tampered");
});

Deno.test("claimBlob() says a blob is there, of any size", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: "head-blob", do: claimBlob(undefined) });
  registry.addFault({ on: "head-blob", nth: 2, do: claimBlob(17) });
  for (const size of [null, "17"]) {
    const { status, headers } = await callRegistry(registry, `HEAD /v2/app/blobs/${DIGEST}`);
    assert.deepEqual([status, headers.get("content-length")], [200, size]);
  }
  assert.equal((await callRegistry(registry, `HEAD /v2/app/blobs/${DIGEST}`)).status, 404);
});

Deno.test("forgetPart() says a part was taken and forgets it", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", do: forgetPart() });
  const location = await openUpload(registry, "app");
  const { status, headers } = await callRegistry(registry, `PATCH ${location}`, {
    body: "abc",
    headers: OCTETS,
  });
  assert.deepEqual([status, headers.get("range")], [202, "0-2"]);
  assert.equal([...registry.repository("app").uploads.values()][0]?.sizeBytes, 0);
});
