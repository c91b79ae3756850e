import assert from "node:assert/strict";
import { readStderrTail } from "../../../lib/runtimes/stderr_tail.ts";

const never = new AbortController().signal;

function stream(...chunks: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
}

Deno.test("readStderrTail() gives printable lines", async () => {
  const stderr = stream("Copying 10%\rCopying", " 100%\r\n\n", "\u001b[31mError:\u001b[0m  no\u202e \n");
  assert.equal(
    await readStderrTail(stderr, never),
    "Copying 10%\nCopying 100%\n\\u{1b}[31mError:\\u{1b}[0m  no\\u{202e}",
  );
});

Deno.test("readStderrTail() keeps the last 4 KiB", async () => {
  const tail = await readStderrTail(stream(`${"progress\n".repeat(2000)}`, "the reason\n"), never);
  assert.ok(tail.length <= 4096);
  assert.ok(tail.endsWith("progress\nthe reason"));
});

Deno.test("readStderrTail() keeps what came when it is stopped", async () => {
  const stop = new AbortController();
  const stderr = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("so far")),
    pull: () => stop.abort(),
  }, { highWaterMark: 0 });
  assert.equal(await readStderrTail(stderr, stop.signal), "so far");
});
