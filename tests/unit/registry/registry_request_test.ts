import assert from "node:assert/strict";
import { discard, readCapped, redactUrl } from "../../../lib/registry/registry_request.ts";

/** A body in pieces, and how often it was asked for more. */
function pieces(...sizes: number[]): { response: Response; pulls: () => number; isCanceled: () => boolean } {
  let pulls = 0;
  let isCanceled = false;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const size = sizes[pulls++];
      if (size === undefined) controller.close();
      else controller.enqueue(new Uint8Array(size).fill(pulls));
    },
    cancel() {
      isCanceled = true;
    },
  }, { highWaterMark: 0 });
  return { response: new Response(stream), pulls: () => pulls, isCanceled: () => isCanceled };
}

Deno.test("readCapped() gives the whole of what fits, in order", async () => {
  const { response } = pieces(3, 1, 0, 4);
  const { bytes, complete } = await readCapped(response, 8);
  assert.deepEqual([...bytes], [1, 1, 1, 2, 4, 4, 4, 4]);
  assert.equal(complete, true);
  assert.deepEqual(await readCapped(new Response(null)), { bytes: new Uint8Array(), complete: true });
});

Deno.test("readCapped() cuts at the cap and lets go of the rest", async () => {
  const body = pieces(5, 5, 5, 5);
  const { bytes, complete } = await readCapped(body.response, 8);
  assert.equal(bytes.length, 8);
  assert.equal(complete, false);
  assert.equal(body.isCanceled(), true);
  assert.equal(body.pulls(), 2, "nothing is asked for beyond the cap");
});

Deno.test("discard() reads a small answer to its end, and does not wait for a long one", async () => {
  const small = pieces(10, 10);
  await discard(small.response);
  assert.equal(small.isCanceled(), false, "its connection can be used again");
  const long = pieces(...Array.from({ length: 100 }, () => 2 ** 16));
  await discard(long.response);
  assert.equal(long.isCanceled(), true);
});

Deno.test("redactUrl() shows neither user nor query nor fragment", () => {
  const url = new URL("https://user:SECRET@r.example:5000/v2/app/blobs/uploads/1?_state=SECRET#SECRET");
  assert.equal(redactUrl(url), "https://r.example:5000/v2/app/blobs/uploads/1");
});
