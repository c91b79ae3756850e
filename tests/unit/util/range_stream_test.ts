import assert from "node:assert/strict";
import { streamRange } from "../../../lib/util/range_stream.ts";
import { BufferRing } from "../../../lib/util/buffer_ring.ts";

const BUFFER_BYTES = 256 * 1024;

/** Reads that count, each filling its buffer with its own number; they can be held up, and fail. */
class FakeReads {
  count = 0;
  underWay = 0;
  isClosed = false;
  held: PromiseWithResolvers<void> | undefined;
  failAt = Infinity;
  readonly buffers = new BufferRing();

  read = async (into: Uint8Array): Promise<void> => {
    assert(!this.isClosed, "read after close");
    const turn = ++this.count;
    this.underWay++;
    await this.held?.promise;
    this.underWay--;
    if (turn >= this.failAt) throw new Error(`read ${turn} failed`);
    into.fill(turn);
  };

  close = (): void => {
    assert.equal(this.underWay, 0, "closed while a read is under way");
    this.isClosed = true;
  };
}

/** Lets everything happen that is ready to. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

Deno.test("streamRange() gives exactly the length asked for, in order, from four buffers", async () => {
  const reads = new FakeReads();
  let turn = 0;
  let total = 0;
  const memory = new Set<ArrayBufferLike>();
  for await (const chunk of streamRange(10 * BUFFER_BYTES + 1, reads)) {
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

Deno.test("streamRange() leaves the two chunks before the last alone", async () => {
  const reader = streamRange(10 * BUFFER_BYTES, new FakeReads()).getReader();
  const chunks: Uint8Array[] = [];
  for (let turn = 1; turn <= 10; turn++) {
    chunks.push((await reader.read()).value!);
    await settle();
    for (const [at, chunk] of chunks.entries()) if (at > turn - 4) assert.equal(chunk[0], at + 1);
  }
});

Deno.test("streamRange() reads nothing before it is asked, then one buffer ahead", async () => {
  const reads = new FakeReads();
  const stream = streamRange(10 * BUFFER_BYTES, reads);
  await settle();
  assert.equal(reads.count, 0);
  const reader = stream.getReader();
  await reader.read();
  assert.equal(reads.count, 2);
  await reader.read();
  assert.equal(reads.count, 3);
  await reader.cancel();
});

Deno.test("streamRange() of nothing reads nothing", async () => {
  const reads = new FakeReads();
  for await (const _ of streamRange(0, reads)) assert.fail();
  assert.equal(reads.count, 0);
});

Deno.test("streamRange() is done with its source as soon as the last read has ended", async () => {
  const reads = new FakeReads();
  const reader = streamRange(BUFFER_BYTES, reads).getReader();
  await reader.read();
  assert(reads.isClosed);
  assert.equal((await reader.read()).done, true);
});

Deno.test("streamRange() is canceled when the read under way has ended", async () => {
  const reads = new FakeReads();
  const reader = streamRange(10 * BUFFER_BYTES, reads).getReader();
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
  reads.held = Promise.withResolvers();
  const reader = streamRange(10 * BUFFER_BYTES, reads).getReader();
  const chunk = reader.read();
  await settle();
  const canceled = reader.cancel();
  reads.held.resolve();
  await canceled;
  assert.equal((await chunk).done, true);
  assert(reads.isClosed);
  assert.equal(reads.count, 1, "no read ahead after the end");
});

Deno.test("streamRange() fails as its reads fail, after the chunks before, and tells its tap", async () => {
  for (const failAt of [1, 2, 5]) {
    const reads = new FakeReads();
    reads.failAt = failAt;
    const seen: unknown[] = [];
    const tap = {
      onChunk: (chunk: Uint8Array) => void seen.push(chunk[0]),
      onFailure: (error: unknown) => void seen.push(String(error)),
    };
    await assert.rejects(async () => {
      for await (const _ of streamRange(10 * BUFFER_BYTES, { ...reads, tap }));
    }, { message: `read ${failAt} failed` });
    const turns = Array.from({ length: failAt - 1 }, (_, at) => at + 1);
    assert.deepEqual(seen, [...turns, `Error: read ${failAt} failed`]);
  }
});

Deno.test("streamRange() fails as its tap fails, when the read under way has ended", async () => {
  const reads = new FakeReads();
  const tap = { onChunk: () => assert.fail("seen enough") };
  await assert.rejects(streamRange(10 * BUFFER_BYTES, { ...reads, tap }).getReader().read(), {
    message: "seen enough",
  });
  assert.equal(reads.underWay, 0);
});

Deno.test("streamRange() gives a chunk when its tap has let it pass, and not once it was canceled", async () => {
  const gates = Array.from({ length: 2 }, () => Promise.withResolvers<void>());
  let turn = 0;
  const tap = { onChunk: () => gates[turn++]!.promise };
  const reads = new FakeReads();
  const reader = streamRange(10 * BUFFER_BYTES, { ...reads, tap }).getReader();
  let given = 0;
  const reading = reader.read().then(() => given++);
  await settle();
  assert.equal(given, 0);
  gates[0]!.resolve();
  await reading;
  const second = reader.read();
  await settle();
  assert.equal(turn, 2);
  const canceled = reader.cancel();
  gates[1]!.resolve();
  await canceled;
  assert.equal((await second).done, true);
  assert(reads.isClosed);
});

Deno.test("streamRange() lets a canceled stream's failed read ahead pass", async () => {
  const reads = new FakeReads();
  reads.failAt = 2;
  const reader = streamRange(10 * BUFFER_BYTES, reads).getReader();
  await reader.read();
  await reader.cancel();
  assert(reads.isClosed);
});

Deno.test("streamRange() makes no new buffers where it is given some", async () => {
  const { buffers } = new FakeReads();
  const memory = new Set<ArrayBufferLike>();
  for (let range = 0; range < 20; range++) {
    const { read, close } = new FakeReads();
    for await (const chunk of streamRange(6 * BUFFER_BYTES, { read, close, buffers })) {
      memory.add(chunk.buffer);
    }
  }
  assert.equal(memory.size, 4);
});
