import assert from "node:assert/strict";
import { ReadWindow } from "../../../lib/archive/read_window.ts";
import { memoryBytes } from "../../support/archives.ts";

const KIB = 1024;

Deno.test("ReadWindow reads little where headers are far apart", async () => {
  const source = memoryBytes(new Uint8Array(40 * 1024 * KIB));
  const window = new ReadWindow(source);
  for (let at = 0; at < 40; at++) await window.bytes(at * 1024 * KIB, 512);
  assert.equal(source.reads, 40);
  assert.equal(source.readBytes, 40 * 4 * KIB);
});

Deno.test("ReadWindow reads more at once where headers are close together", async () => {
  const source = memoryBytes(new Uint8Array(1024 * KIB));
  const window = new ReadWindow(source);
  for (let at = 0; at < 1024; at++) await window.bytes(at * KIB, 512);
  assert(source.reads < 25, `${source.reads} reads`);
  assert.equal(source.readBytes, 1024 * KIB);
});

Deno.test("ReadWindow is small again after a long skip", async () => {
  const source = memoryBytes(new Uint8Array(4096 * KIB));
  const window = new ReadWindow(source);
  for (let at = 0; at < 200; at++) await window.bytes(at * KIB, 512);
  await window.bytes(2048 * KIB, 512);
  const before = source.readBytes;
  await window.bytes(4000 * KIB, 512);
  assert.equal(source.readBytes - before, 4 * KIB);
});

Deno.test("ReadWindow gives the right bytes, also longer ones than its window and fewer at the end", async () => {
  const bytes = Uint8Array.from({ length: 100 * KIB }, (_, at) => at % 251);
  const window = new ReadWindow(memoryBytes(bytes));
  for (
    const [at, length] of [[0, 512], [300, 512], [4000, 700], [5000, 80 * KIB], [90 * KIB, 20 * KIB]] as const
  ) {
    assert.deepEqual(await window.bytes(at, length), bytes.subarray(at, at + length));
  }
  assert.deepEqual(await window.bytes(200 * KIB, 512), new Uint8Array(0));
});
