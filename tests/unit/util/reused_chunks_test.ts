import assert from "node:assert/strict";
import { reusedChunks } from "../../../lib/util/reused_chunks.ts";
import { seededBytes } from "../../support/seeded_random.ts";

const CONTENT = seededBytes(700_001);

/** A stream that fills what it is given, and takes note of being canceled. */
function byteStream(): { stream: ReadableStream<Uint8Array>; isCanceled: () => boolean } {
  let atBytes = 0;
  let isCanceled = false;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest!.view as Uint8Array;
      const piece = CONTENT.subarray(atBytes, atBytes + Math.min(view.length, 100_000));
      if (piece.length === 0) controller.close();
      view.set(piece);
      atBytes += piece.length;
      controller.byobRequest!.respond(piece.length);
    },
    cancel: () => void (isCanceled = true),
  });
  return { stream, isCanceled: () => isCanceled };
}

Deno.test("reusedChunks() gives all of a stream, of bytes or of chunks", async () => {
  const chunks = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(CONTENT.slice(0, 300_000));
      controller.enqueue(CONTENT.slice(300_000));
      controller.close();
    },
  });
  for (const stream of [byteStream().stream, chunks]) {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of reusedChunks(stream)) pieces.push(chunk.slice());
    assert.deepEqual(await new Blob(pieces).bytes(), CONTENT);
  }
});

Deno.test("reusedChunks() leaves a chunk as it is while the next one comes", async () => {
  let atBytes = 0;
  let last: Uint8Array = new Uint8Array();
  for await (const chunk of reusedChunks(byteStream().stream, 4096)) {
    assert.ok(chunk.length <= 4096);
    assert.deepEqual(last, CONTENT.subarray(atBytes - last.length, atBytes));
    last = chunk;
    atBytes += chunk.length;
  }
  assert.equal(atBytes, CONTENT.length);
});

Deno.test("reusedChunks() lets go of a stream that is not read to its end", async () => {
  const { stream, isCanceled } = byteStream();
  for await (const _chunk of reusedChunks(stream)) break;
  assert.equal(isCanceled(), true);
});
