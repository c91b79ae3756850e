import assert from "node:assert/strict";
import { rawRequest } from "../../support/raw_request.ts";
import {
  dropConnection,
  meddle,
  slowDown,
  stall,
  waitFor,
} from "../../support/registry/connection_faults.ts";
import { sha256Of } from "../../support/registry/repository.ts";
import { loseSession } from "../../support/registry/upload_quirks.ts";
import { callRegistry, openUpload } from "../../support/registry_call.ts";
import { startTestRegistry } from "../../support/test_registry.ts";

const BODY = "0123456789";
const DIGEST = sha256Of(new TextEncoder().encode(BODY));

Deno.test("dropConnection() before the body leaves nothing behind", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", do: dropConnection("before-body") });
  const location = await openUpload(registry, "app");
  await assert.rejects(callRegistry(registry, `PATCH ${location}`, { body: BODY }), TypeError);
  assert.deepEqual(registry.requests.map(({ kind, status }) => [kind, status]), [
    ["start-upload", 202],
    ["append", undefined],
  ]);
  assert.equal([...registry.repository("app").uploads.values()][0]?.sizeBytes, 0);
});

Deno.test("dropConnection() within the body keeps what came before", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", do: dropConnection({ afterBodyBytes: 4 }) });
  const location = await openUpload(registry, "app");
  const headers = { "Content-Type": "application/octet-stream" };
  await assert.rejects(callRegistry(registry, `PATCH ${location}`, { body: BODY, headers }), TypeError);
  assert.equal((await callRegistry(registry, `GET ${location}`)).headers.get("range"), "0-3");
});

Deno.test("dropConnection() before the answer lets the request take effect", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: "commit", do: dropConnection("before-answer") });
  const location = await openUpload(registry, "app");
  const headers = { "Content-Type": "application/octet-stream" };
  await assert.rejects(callRegistry(registry, `PUT ${location}?digest=${DIGEST}`, { body: BODY, headers }));
  assert.equal((await callRegistry(registry, `HEAD /v2/app/blobs/${DIGEST}`)).status, 200);
});

Deno.test("dropConnection() within the answer cuts its head or its body", async () => {
  await using registry = startTestRegistry();
  registry.repository("app").putBlob(BODY);
  const get = `GET /v2/app/blobs/${DIGEST} HTTP/1.1\r\n\r\n`;
  registry.addFault({ on: "get-blob", do: dropConnection({ afterAnswerBytes: 12, part: "head" }) });
  assert.equal(await rawRequest(registry.host, get), "HTTP/1.1 200");
  registry.addFault({ on: "get-blob", do: dropConnection({ afterAnswerBytes: 3 }) });
  assert.match(await rawRequest(registry.host, get), /\r\n\r\n012$/);
});

Deno.test("stall() keeps the client waiting until it leaves", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: "ping", do: stall("before-body") });
  const controller = new AbortController();
  const request = fetch(`${registry.origin}/v2/`, { signal: controller.signal });
  await registry.waitForRequest("ping");
  controller.abort();
  await assert.rejects(request, { name: "AbortError" });
});

Deno.test("stall() within the body lets a later request go on with the upload", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", do: stall({ afterBodyBytes: 4 }) });
  const location = await openUpload(registry, "app");
  const init = { method: "PATCH", body: BODY, headers: { "Content-Type": "application/octet-stream" } };
  const controller = new AbortController();
  const request = fetch(location, { ...init, signal: controller.signal });
  const [session] = registry.repository("app").uploads.values();
  while (session?.sizeBytes !== 4) await callRegistry(registry, "GET /v2/");
  controller.abort();
  await assert.rejects(request, { name: "AbortError" });
  assert.equal((await callRegistry(registry, `GET ${location}`)).headers.get("range"), "0-3");
});

for (const moment of ["before-body", "before-answer"] as const) {
  Deno.test(`waitFor() holds the request ${moment} until the test says so`, async () => {
    await using registry = startTestRegistry();
    const gate = Promise.withResolvers<void>();
    registry.addFault({ on: "ping", do: waitFor(gate.promise, moment) });
    const request = callRegistry(registry, "GET /v2/");
    assert.equal((await registry.waitForRequest("ping")).status, undefined);
    gate.resolve();
    assert.equal((await request).status, 200);
  });
}

Deno.test("slowDown() brings a body late but whole", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: "start-upload", do: slowDown(10e6) });
  const body = new Uint8Array(100_000).fill(1);
  const startMs = performance.now();
  const path = `POST /v2/app/blobs/uploads/?digest=${sha256Of(body)}`;
  assert.equal((await callRegistry(registry, path, { body })).status, 201);
  assert(performance.now() - startMs >= 10);
});

Deno.test("meddle() changes the registry under a request", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", do: meddle(loseSession) });
  const location = await openUpload(registry, "app");
  assert.equal((await callRegistry(registry, `PATCH ${location}`, { body: BODY })).status, 404);
});
