import assert from "node:assert/strict";
import { BufferPool } from "../../../lib/archive/buffer_pool.ts";
import { streamRange } from "../../../lib/archive/range_stream.ts";

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

/** Buffers of a pool that come from nowhere else; tells which came back. */
class CountingPool extends BufferPool {
  readonly taken = new Set<Uint8Array>();
  readonly given: Uint8Array[] = [];

  override take(): Uint8Array<ArrayBuffer> {
    const buffer = super.take();
    this.taken.add(buffer);
    return buffer;
  }

  override give(buffer: Uint8Array<ArrayBuffer>): void {
    assert(this.taken.delete(buffer), "given back twice, or never taken");
    this.given.push(buffer);
    super.give(buffer);
  }
}

Deno.test("streamRange() gives exactly the length asked for, in order, from four buffers", async () => {
  const reads = new FakeReads();
  const pool = new CountingPool();
  const stream = streamRange(10 * BUFFER_BYTES + 1, { read: reads.read, close: reads.close, pool });
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
  assert.equal(pool.taken.size, 0, "every buffer came back");
});

Deno.test("streamRange() reads nothing before it is asked, then one buffer ahead", async () => {
  const reads = new FakeReads();
  const stream = streamRange(10 * BUFFER_BYTES, {
    read: reads.read,
    close: reads.close,
    pool: new BufferPool(),
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
  const pool = new CountingPool();
  for await (const _ of streamRange(100, { read: reads.read, close: reads.close, pool })) {
    assert.equal(pool.taken.size, 1);
  }
  for await (const _ of streamRange(0, { read: reads.read, close: reads.close, pool })) assert.fail();
  assert.equal(reads.buffers.length, 1);
});

Deno.test("streamRange() is done with its source as soon as the last read has ended, but keeps the buffers", async () => {
  const reads = new FakeReads();
  const pool = new CountingPool();
  const reader = streamRange(BUFFER_BYTES, { read: reads.read, close: reads.close, pool }).getReader();
  await reader.read();
  assert(reads.isClosed);
  assert.equal(pool.given.length, 0, "the last chunk is still in use");
  assert.equal((await reader.read()).done, true);
  assert.equal(pool.given.length, 1);
});

Deno.test("streamRange() gives buffers back only when a canceled stream's read has ended", async () => {
  const reads = new FakeReads();
  const pool = new CountingPool();
  const reader = streamRange(10 * BUFFER_BYTES, { read: reads.read, close: reads.close, pool }).getReader();
  await reader.read();
  reads.held = Promise.withResolvers();
  await reader.read();
  const canceled = reader.cancel();
  await settle();
  assert.equal(pool.given.length, 0);
  assert(!reads.isClosed);
  reads.held.resolve();
  await canceled;
  assert.equal(pool.taken.size, 0);
  assert(reads.isClosed);
});

Deno.test("streamRange() can be canceled while a chunk is awaited", async () => {
  const reads = new FakeReads();
  const pool = new CountingPool();
  reads.held = Promise.withResolvers();
  const reader = streamRange(10 * BUFFER_BYTES, { read: reads.read, close: reads.close, pool }).getReader();
  const chunk = reader.read();
  await settle();
  const canceled = reader.cancel();
  reads.held.resolve();
  await canceled;
  assert.equal((await chunk).done, true);
  assert.equal(pool.taken.size, 0);
  assert.equal(reads.buffers.length, 1, "no read ahead after the end");
});

Deno.test("streamRange() fails as its reads fail, after the chunks before", async () => {
  for (const failAt of [1, 2, 5]) {
    const reads = new FakeReads();
    const pool = new CountingPool();
    reads.failAt = failAt;
    let chunks = 0;
    await assert.rejects(async () => {
      for await (const _ of streamRange(10 * BUFFER_BYTES, { read: reads.read, close: reads.close, pool })) {
        chunks++;
      }
    }, { message: `read ${failAt} failed` });
    assert.equal(chunks, failAt - 1);
    assert(reads.isClosed);
    assert.equal(pool.taken.size, 0);
  }
});

Deno.test("streamRange() lets a canceled stream's failed read ahead pass", async () => {
  const reads = new FakeReads();
  reads.failAt = 2;
  const reader = streamRange(10 * BUFFER_BYTES, {
    read: reads.read,
    close: reads.close,
    pool: new BufferPool(),
  })
    .getReader();
  await reader.read();
  await reader.cancel();
  assert(reads.isClosed);
});

Deno.test("streamRange() makes no new buffers for the next stream", async () => {
  const reads = new FakeReads();
  const pool = new CountingPool();
  const options = { read: reads.read, close: () => {}, pool };
  const memory = new Set<ArrayBufferLike>();
  for (let range = 0; range < 20; range++) {
    for await (const chunk of streamRange(6 * BUFFER_BYTES, options)) memory.add(chunk.buffer);
  }
  assert.equal(memory.size, 4);
});
