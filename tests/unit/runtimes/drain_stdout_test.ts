import assert from "node:assert/strict";
import { drainStdout } from "../../../lib/runtimes/drain_stdout.ts";

/** A byte stream of numbered bytes that counts how often it is asked. */
function countingStream(chunks: number, chunkBytes: number): {
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  pulls: () => number;
} {
  let pulls = 0;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      controller.enqueue(new Uint8Array(chunkBytes).fill(++pulls));
      if (pulls === chunks) {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
  });
  return { stream, pulls: () => pulls };
}

const never = new AbortController().signal;

Deno.test("drainStdout() gives every byte in order and counts them", async () => {
  const { stream } = countingStream(20, 50_000);
  const received: number[] = [];
  const sizeBytes = await drainStdout(stream, {
    signal: never,
    onChunk(bytes) {
      received.push(...bytes.filter((_, index) => index % 1000 === 0));
      return Promise.resolve();
    },
  });
  assert.equal(sizeBytes, 1_000_000);
  assert.deepEqual([...new Set(received)], Array.from({ length: 20 }, (_, index) => index + 1));
});

Deno.test("drainStdout() reads no further while the receiver is busy", async () => {
  const { stream, pulls } = countingStream(100, 64 * 1024);
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const drained = drainStdout(stream, {
    signal: never,
    onChunk() {
      enter();
      return gate;
    },
  });
  await entered;
  const before = pulls();
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  assert.equal(pulls(), before);
  assert.ok(before < 10);
  open();
  assert.equal(await drained, 100 * 64 * 1024);
});

Deno.test("drainStdout() lets go of the stream when the receiver fails", async () => {
  let isCanceled = false;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      controller.enqueue(new Uint8Array(1024));
    },
    cancel() {
      isCanceled = true;
    },
  });
  const full = new Error("disk full");
  await assert.rejects(drainStdout(stream, { signal: never, onChunk: () => Promise.reject(full) }), full);
  assert.ok(isCanceled);
  assert.ok(!stream.locked);
});

Deno.test("drainStdout() ends when it is told to, even if nothing comes any more", async () => {
  const stop = new AbortController();
  const stream = new ReadableStream({
    type: "bytes",
    start(controller) {
      controller.enqueue(new Uint8Array(10));
    },
  });
  const drained = drainStdout(stream, { signal: stop.signal, onChunk: () => Promise.resolve() });
  stop.abort();
  assert.equal(typeof await drained, "number");
  assert.ok(!stream.locked);
});
