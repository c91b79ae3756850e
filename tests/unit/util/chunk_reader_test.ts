import assert from "node:assert/strict";
import { ChunkReader } from "../../../lib/util/chunk_reader.ts";

async function* chunksOf(...texts: string[]): AsyncGenerator<Uint8Array, void, void> {
  const buffer = new Uint8Array(16);
  for (const text of texts) {
    const { written } = new TextEncoder().encodeInto(text, buffer);
    yield buffer.subarray(0, written);
    buffer.fill(0x78);
  }
}

async function readText(reader: ChunkReader, lengthBytes: number): Promise<string> {
  const into = new Uint8Array(lengthBytes);
  return new TextDecoder().decode(into.subarray(0, await reader.read(into)));
}

Deno.test("ChunkReader.read() fills its buffer whatever the chunks are, and gives less only at the end", async () => {
  const reader = new ChunkReader(chunksOf("abc", "", "defgh", "i"));
  assert.equal(await readText(reader, 2), "ab");
  assert.equal(await readText(reader, 4), "cdef");
  assert.equal(await readText(reader, 10), "ghi");
  assert.equal(await readText(reader, 10), "");
});

Deno.test("ChunkReader.skip() goes on behind what it skipped", async () => {
  const reader = new ChunkReader(chunksOf("abc", "defgh", "i"));
  await reader.skip(4);
  assert.equal(await readText(reader, 2), "ef");
  await reader.skip(0);
  assert.equal(await readText(reader, 1), "g");
  await reader.skip(100);
  assert.equal(await readText(reader, 1), "");
});

Deno.test("ChunkReader ends its chunks when it is disposed", async () => {
  let isEnded = false;
  async function* endless(): AsyncGenerator<Uint8Array, void, void> {
    try {
      while (true) yield new Uint8Array(1);
    } finally {
      isEnded = true;
    }
  }
  {
    await using reader = new ChunkReader(endless());
    assert.equal(await reader.read(new Uint8Array(3)), 3);
  }
  assert.ok(isEnded);
});
