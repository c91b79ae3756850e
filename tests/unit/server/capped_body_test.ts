import assert from "node:assert/strict";
import { readCappedBody } from "../../../lib/server/capped_body.ts";

const CAP_BYTES = 10;

function requestOf(body: BodyInit | null, headers: HeadersInit = {}): Request {
  return new Request("http://registry.test/", { method: "PUT", body, headers });
}

/** Gives `x` for ever, and says how often it was asked and that it was given up. */
function endless(): { stream: ReadableStream<Uint8Array>; pulls: () => number; isCanceled: () => boolean } {
  let pulls = 0;
  let isCanceled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulls++;
      controller.enqueue(new TextEncoder().encode("xxx"));
    },
    cancel: () => void (isCanceled = true),
  }, { highWaterMark: 0 });
  return { stream, pulls: () => pulls, isCanceled: () => isCanceled };
}

Deno.test("readCappedBody() reads what is small enough", async () => {
  for (const text of ["", "a", "0123456789"]) {
    assert.deepEqual(await readCappedBody(requestOf(text), CAP_BYTES), new TextEncoder().encode(text));
  }
  assert.deepEqual(await readCappedBody(requestOf(null), CAP_BYTES), new Uint8Array());
});

Deno.test("readCappedBody() gives up what is too large as soon as it is", async () => {
  assert.equal(await readCappedBody(requestOf("0123456789a"), CAP_BYTES), undefined);
  const { stream, pulls, isCanceled } = endless();
  assert.equal(await readCappedBody(requestOf(stream), CAP_BYTES), undefined);
  assert.equal(pulls(), 4);
  assert.ok(isCanceled());
});

Deno.test("readCappedBody() does not even read what says that it is too large", async () => {
  const { stream, pulls } = endless();
  assert.equal(await readCappedBody(requestOf(stream, { "Content-Length": "11" }), CAP_BYTES), undefined);
  assert.equal(pulls(), 0);
});

Deno.test("readCappedBody() says that the client has gone", async () => {
  const stream = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("cut")) });
  await assert.rejects(readCappedBody(requestOf(stream), CAP_BYTES), { name: "ClientGone" });
});
