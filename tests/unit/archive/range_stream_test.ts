import assert from "node:assert/strict";
import { streamRange } from "../../../lib/archive/range_stream.ts";
import { BufferRing } from "../../../lib/util/buffer_ring.ts";

const BUFFER_BYTES = 256 * 1024;

/** Reads that count, each filling its buffer with its own number; they can be held up. */
class FakeReads {
  readonly buffers: Uint8Array[] = [];
  isClosed = false;
  held: PromiseWithResolvers<void> | undefined;
  failAt = Infinity;

  read = async (into: Uint8Array): Promise<void> => {
    assert(!this.isClosed, "read after close");
    this.buffers.push(into);
    const turn = this.buffers.length;
    await this.held?.promise;
    if (turn >= this.failAt) throw new Error(`read ${turn} failed`);
    into.fill(turn);
  };

  close = (): void => {
    this.isClosed = true;
  };
}

/** Lets everything happen that is ready to. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

Deno.test("streamRange() gives exactly the length asked for, in order, from four buffers", async () => {
  const reads = new FakeReads();
  const buffers = new BufferRing();
  const stream = streamRange(10 * BUFFER_BYTES + 1, { read: reads.read, close: reads.close, buffers });
  let turn = 0;
  let total = 0;
  const memory = new Set<ArrayBufferLike>();
  for await (const chunk of stream) {
    turn++;
    assert.equal(chunk.length, turn <= 10 ? BUFFER_BYTES : 1);
    assert(chunk.every((byte) => byte === turn), "not overwritten while it is in use");
    memory.add(chunk.buffer);
    total += chunk.length;
  }
  assert.equal(total, 10 * BUFFER_BYTES + 1);
  assert.equal(memory.size, 4);
  assert(reads.isClosed);
});

Deno.test("streamRange() reads nothing before it is asked, then one buffer ahead", async () => {
  const reads = new FakeReads();
  const stream = streamRange(10 * BUFFER_BYTES, {
    read: reads.read,
    close: reads.close,
    buffers: new BufferRing(),
  });
  await settle();
  assert.equal(reads.buffers.length, 0);
  const reader = stream.getReader();
  await reader.read();
  assert.equal(reads.buffers.length, 2);
  await reader.read();
  assert.equal(reads.buffers.length, 3);
  await reader.cancel();
});

Deno.test("streamRange() takes no more buffers than it fills", async () => {
  const reads = new FakeReads();
  const buffers = new BufferRing();
  for await (const chunk of streamRange(100, { read: reads.read, close: reads.close, buffers })) {
    assert.equal(chunk.length, 100);
  }
  for await (const _ of streamRange(0, { read: reads.read, close: reads.close, buffers })) assert.fail();
  assert.equal(reads.buffers.length, 1);
});

Deno.test("streamRange() is done with its source as soon as the last read has ended", async () => {
  const reads = new FakeReads();
  const buffers = new BufferRing();
  const reader = streamRange(BUFFER_BYTES, { read: reads.read, close: reads.close, buffers }).getReader();
  await reader.read();
  assert(reads.isClosed);
  assert.equal((await reader.read()).done, true);
});

Deno.test("streamRange() closes a canceled stream only when its read has ended", async () => {
  const reads = new FakeReads();
  const buffers = new BufferRing();
  const reader = streamRange(10 * BUFFER_BYTES, { read: reads.read, close: reads.close, buffers })
    .getReader();
  await reader.read();
  reads.held = Promise.withResolvers();
  await reader.read();
  const canceled = reader.cancel();
  await settle();
  assert(!reads.isClosed);
  reads.held.resolve();
  await canceled;
  assert(reads.isClosed);
});

Deno.test("streamRange() can be canceled while a chunk is awaited", async () => {
  const reads = new FakeReads();
  const buffers = new BufferRing();
  reads.held = Promise.withResolvers();
  const reader = streamRange(10 * BUFFER_BYTES, { read: reads.read, close: reads.close, buffers })
    .getReader();
  const chunk = reader.read();
  await settle();
  const canceled = reader.cancel();
  reads.held.resolve();
  await canceled;
  assert.equal((await chunk).done, true);
  assert.equal(reads.buffers.length, 1, "no read ahead after the end");
});

Deno.test("streamRange() fails as its reads fail, after the chunks before", async () => {
  for (const failAt of [1, 2, 5]) {
    const reads = new FakeReads();
    const buffers = new BufferRing();
    reads.failAt = failAt;
    let chunks = 0;
    await assert.rejects(async () => {
      for await (
        const _ of streamRange(10 * BUFFER_BYTES, { read: reads.read, close: reads.close, buffers })
      ) {
        chunks++;
      }
    }, { message: `read ${failAt} failed` });
    assert.equal(chunks, failAt - 1);
    assert(reads.isClosed);
  }
});

Deno.test("streamRange() lets a canceled stream's failed read ahead pass", async () => {
  const reads = new FakeReads();
  reads.failAt = 2;
  const reader = streamRange(10 * BUFFER_BYTES, {
    read: reads.read,
    close: reads.close,
    buffers: new BufferRing(),
  })
    .getReader();
  await reader.read();
  await reader.cancel();
  assert(reads.isClosed);
});

Deno.test("streamRange() makes no new buffers for the next stream", async () => {
  const reads = new FakeReads();
  const buffers = new BufferRing();
  const options = { read: reads.read, close: () => {}, buffers };
  const memory = new Set<ArrayBufferLike>();
  for (let range = 0; range < 20; range++) {
    for await (const chunk of streamRange(6 * BUFFER_BYTES, options)) memory.add(chunk.buffer);
  }
  assert.equal(memory.size, 4);
});
