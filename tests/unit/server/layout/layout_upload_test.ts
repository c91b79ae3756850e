import assert from "node:assert/strict";
import { ask, openServedStore, prepareImage, pushManifest } from "../../../support/served_store.ts";
import { sha256Of } from "../../../support/registry/repository.ts";
import type { RegistryHandler } from "../../../../lib/server/registry_handler.ts";

const CONTENT = "0123456789";
const DIGEST = sha256Of(new TextEncoder().encode(CONTENT));

async function begin(handler: RegistryHandler): Promise<string> {
  const { headers } = await ask(handler, "POST /v2/app/blobs/uploads/");
  return headers.get("location")!;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

Deno.test("LayoutUpload goes on with what an earlier process has taken", async () => {
  await using served = await openServedStore();
  const location = await begin(served.handler);
  await ask(served.handler, `PATCH ${location}`, { body: bytes("01234") });
  const later = await served.reopen();
  assert.equal((await ask(later, `GET ${location}`)).headers.get("range"), "0-4");
  const put = await ask(later, `PUT ${location}?digest=${DIGEST}`, { body: bytes("56789") });
  assert.equal(put.status, 201);
  assert.equal((await ask(await served.reopen(), `GET /v2/app/blobs/${DIGEST}`)).text, CONTENT);
});

Deno.test("LayoutUpload takes over from a request that hangs", async () => {
  await using served = await openServedStore();
  const location = await begin(served.handler);
  const hanging = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes("012")),
    async pull(controller) {
      await hanging.promise;
      controller.enqueue(bytes("xyz"));
      controller.close();
    },
  });
  const given = ask(served.handler, `PATCH ${location}`, { body });
  given.catch(() => {});
  while ((await ask(served.handler, `GET ${location}`)).headers.get("range") !== "0-2");
  const patch = { body: bytes("3456"), headers: { "Content-Range": "3-6" } };
  assert.equal((await ask(served.handler, `PATCH ${location}`, patch)).headers.get("range"), "0-6");
  hanging.resolve();
  await assert.rejects(given, /Another request goes on with upload/);
  const put = await ask(served.handler, `PUT ${location}?digest=${DIGEST}`, { body: bytes("789") });
  assert.equal(put.status, 201, put.text);
});

Deno.test("LayoutStore takes pushes of the same image at the same time", async () => {
  await using served = await openServedStore();
  const other = await served.reopen();
  await Promise.all([served.handler, other].map(async (handler, at) => {
    const image = await prepareImage(handler, "app");
    const { answer } = await pushManifest(handler, `app:${at}`, image);
    assert.equal(answer.status, 201, answer.text);
  }));
  const { text } = await ask(other, "GET /v2/app/tags/list");
  assert.deepEqual(JSON.parse(text).tags, ["0", "1"]);
});
