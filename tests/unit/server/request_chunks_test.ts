import assert from "node:assert/strict";
import { requestChunks } from "../../../lib/server/request_chunks.ts";

const LARGEST_BUFFER_BYTES = 65_536;

Deno.test("requestChunks() reads a body as it comes, in buffers that Deno.serve fills without delay", async () => {
  const texts = ["a", "bc", "d".repeat(1_000)];
  const askedBytes: number[] = [];
  let at = 0;
  const body = new ReadableStream({
    type: "bytes",
    pull: (controller) => {
      const { byobRequest } = controller;
      const view = byobRequest!.view!;
      askedBytes.push(view.byteLength);
      const bytes = new TextEncoder().encode(texts[at++] ?? "");
      new Uint8Array(view.buffer, view.byteOffset).set(bytes);
      if (at > texts.length) controller.close();
      byobRequest!.respond(bytes.length);
    },
  });
  const request = new Request("http://registry.test/", { method: "PATCH", body });
  const received = await Array.fromAsync(requestChunks(request), (chunk) => new TextDecoder().decode(chunk));
  assert.deepEqual(received, texts);
  assert.ok(askedBytes.every((bytes) => bytes <= LARGEST_BUFFER_BYTES), `${askedBytes}`);
});
