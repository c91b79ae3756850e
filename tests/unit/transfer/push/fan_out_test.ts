import assert from "node:assert/strict";
import { FanOut, type FanOutOptions } from "../../../../lib/transfer/push/fan_out.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { seededBytes } from "../../../support/seeded_random.ts";
import { MemoryBlobs } from "../memory_blobs.ts";

const CHUNK_BYTES = 4;
/** What is kept at most: 32 chunks. */
const WINDOW_BYTES = 32 * CHUNK_BYTES;
const PATIENCE_MS = 5_000;
const BYTES = seededBytes(1_000);

interface Stage {
  fanOut: FanOut;
  source: MemoryBlobs;
  clock: FakeClock;
  late: Set<string>;
  /** Reads on, from where the reader is; checks what comes, and gives how much came before it was to read alone. */
  read(reader: string, untilBytes: number, startBytes?: number): Promise<number>;
}

async function stageFor(expected: string[], overrides: Partial<FanOutOptions> = {}): Promise<Stage> {
  const source = new MemoryBlobs(CHUNK_BYTES);
  const blob = await source.add(BYTES);
  const clock = new FakeClock();
  const late = new Set<string>();
  const fanOut = new FanOut({
    source,
    blob,
    expected,
    late,
    bufferBytes: CHUNK_BYTES,
    clock,
    ...overrides,
  });
  const positions = new Map<string, number>();
  const read: Stage["read"] = async (reader, untilBytes, startBytes = positions.get(reader) ?? 0) => {
    let positionBytes = startBytes;
    while (positionBytes < untilBytes) {
      const piece = await fanOut.next(reader, positionBytes, untilBytes - positionBytes);
      if (!piece) break;
      assert.deepEqual(piece, BYTES.subarray(positionBytes, positionBytes + piece.length));
      positionBytes += piece.length;
      positions.set(reader, positionBytes);
    }
    return positionBytes - startBytes;
  };
  return { fanOut, source, clock, late, read };
}

/** Whether something has not come about yet, although everything ran that could. */
async function isPending(promise: Promise<unknown>, clock: FakeClock): Promise<boolean> {
  let isOver = false;
  promise.then(() => isOver = true, () => isOver = true);
  await clock.advance(0);
  return !isOver;
}

Deno.test("next() gives every reader every byte, and reads each once", async () => {
  const { fanOut, source, read } = await stageFor(["a", "b", "c"]);
  const counts = await Promise.all([
    read("a", BYTES.length),
    (async () => await read("b", 10) + await read("b", 777) + await read("b", BYTES.length))(),
    (async () => await read("c", 501) + await read("c", BYTES.length))(),
  ]);
  assert.deepEqual(counts, [BYTES.length, BYTES.length, BYTES.length]);
  assert.deepEqual(source.opened, [`0+${BYTES.length}`]);
  assert.equal(source.readBytes, BYTES.length);
  fanOut[Symbol.dispose]();
});

Deno.test("the first waits for those that are expected, unless they say that they will not come", async () => {
  const { fanOut, source, clock, read, late } = await stageFor(["a", "b", "c"]);
  const first = read("a", 8);
  assert(await isPending(first, clock));
  fanOut.leave("b");
  assert(await isPending(first, clock));
  const last = read("c", 8);
  assert.deepEqual(await Promise.all([first, last]), [8, 8]);
  assert.equal(source.readBytes, 8);
  assert.equal(late.size, 0);
  fanOut[Symbol.dispose]();
});

Deno.test("all begin at the lowest position, and who is further waits until it comes there", async () => {
  const { fanOut, source, read } = await stageFor(["a", "b"]);
  await Promise.all([read("a", 200, 100), read("b", 200, 60)]);
  assert.deepEqual(source.opened, [`60+${BYTES.length - 60}`]);
  assert.equal(source.readBytes, 140);
  fanOut[Symbol.dispose]();
});

Deno.test("nobody is waited for longer than 5 s, and not again until it keeps up", async () => {
  const { fanOut, clock, read, late } = await stageFor(["a", "b"]);
  const first = read("a", 8);
  await clock.advance(PATIENCE_MS - 1);
  assert(await isPending(first, clock));
  await clock.advance(1);
  assert.equal(await first, 8);
  assert.deepEqual([...late], ["b"]);
  fanOut[Symbol.dispose]();

  const next = await stageFor(["a", "b"], { late });
  assert.equal(await next.read("a", 8), 8, "at once");
  assert.equal(await next.read("b", 8), 8, "it is still in time");
  assert.deepEqual([...late], []);
  assert.equal(next.source.readBytes, 8);
  next.fanOut[Symbol.dispose]();
});

Deno.test("the others wait for one that is behind, and go on when it does", async () => {
  const { fanOut, source, clock, read, late } = await stageFor(["a", "b"]);
  const fast = read("a", BYTES.length);
  assert.equal(await read("b", 4), 4);
  assert(await isPending(fast, clock));
  assert.equal(source.readBytes, WINDOW_BYTES);
  await clock.advance(PATIENCE_MS - 1);
  assert.equal(await read("b", BYTES.length), BYTES.length - 4);
  assert.equal(await fast, BYTES.length);
  assert.equal(source.readBytes, BYTES.length);
  assert.equal(late.size, 0);
  fanOut[Symbol.dispose]();
});

Deno.test("one that is behind for more than 5 s is left to itself", async () => {
  const { fanOut, clock, read, late } = await stageFor(["a", "b", "c"]);
  const fast = [read("a", BYTES.length), read("c", BYTES.length)];
  assert.equal(await read("b", 4), 4);
  await clock.advance(PATIENCE_MS);
  assert.deepEqual(await Promise.all(fast), [BYTES.length, BYTES.length]);
  assert.deepEqual([...late], ["b"]);
  assert.equal(await read("b", 8), 0, "it is to read alone");
  fanOut[Symbol.dispose]();
});

Deno.test("one that crawls holds the others up for 5 s only, not for each of its steps", async () => {
  const { fanOut, clock, read, late } = await stageFor(["a", "b"]);
  const fast = read("a", BYTES.length);
  for (let second = 1; second <= 5; second++) {
    assert.equal(await read("b", second * CHUNK_BYTES), CHUNK_BYTES);
    assert(await isPending(fast, clock));
    await clock.advance(1_000);
  }
  assert.equal(await fast, BYTES.length);
  assert.deepEqual([...late], ["b"]);
  fanOut[Symbol.dispose]();
});

Deno.test("a part that is tried again is read alone, until its reader is near the others again", async () => {
  const { fanOut, source, read } = await stageFor(["a", "b"]);
  await Promise.all([read("a", 400), read("b", 400)]);
  assert.equal(await read("b", 400, 200), 0);
  assert.equal(await read("a", 500), 100);
  assert.equal(source.readBytes, 500);
  assert.equal(await read("b", 500, 400), 0, "too far behind");
  assert.equal(await read("b", 600, 500), 100);
  assert.equal(await read("a", 600), 100);
  assert.equal(source.readBytes, 600);
  fanOut[Symbol.dispose]();
});

Deno.test("who is alone begins anew wherever it wants", async () => {
  const { fanOut, source, read } = await stageFor(["a", "b"]);
  await Promise.all([read("a", 400), read("b", 400)]);
  fanOut.leave("a");
  assert(!fanOut.has("b", 100));
  assert.equal(await read("b", 300, 100), 200);
  assert.equal(await read("a", 300, 292), 8, "and the others can join it");
  assert.deepEqual(source.opened, [`0+${BYTES.length}`, `100+${BYTES.length - 100}`]);
  fanOut[Symbol.dispose]();
});

Deno.test("who comes last goes on with what is kept, and with the stream that is open", async () => {
  const { fanOut, source, read } = await stageFor(["a", "b"]);
  await Promise.all([read("a", WINDOW_BYTES), read("b", 10)]);
  fanOut.leave("a");
  assert(fanOut.has("b", 10));
  assert.equal(await read("b", BYTES.length), BYTES.length - 10);
  assert.deepEqual(source.opened, [`0+${BYTES.length}`]);
  fanOut[Symbol.dispose]();
});

Deno.test("nobody shares what only one will ever read", async () => {
  const { fanOut } = await stageFor(["a", "b"]);
  assert(fanOut.has("a", 0));
  fanOut.leave("b");
  assert(!fanOut.has("a", 0));
  fanOut[Symbol.dispose]();
});

Deno.test("who begins anew hears nothing more of the reading before", async () => {
  const source = new MemoryBlobs(CHUNK_BYTES);
  const blob = await source.add(BYTES);
  const stuck = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
  const streams = [stuck];
  const openBlob: typeof source.openBlob = (blob, range) => streams.shift() ?? source.openBlob(blob, range);
  const { fanOut, clock, read } = await stageFor(["a"], {
    source: { identityOf: source.identityOf, openBlob },
    blob,
  });
  const first = read("a", 8);
  assert(await isPending(first, clock));
  fanOut.leave("a");
  assert.equal(await read("b", 508, 500), 8);
  assert.equal(await first, 0);
  fanOut[Symbol.dispose]();
});

Deno.test("a chunk stays as it is until three more were asked for, even if its reader leaves", async () => {
  for (const leaves of [false, true]) {
    const { fanOut, read } = await stageFor(["a", "b"]);
    const other = read("b", BYTES.length);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < 80; at += CHUNK_BYTES) {
      chunks.push((await fanOut.next("a", at, CHUNK_BYTES))!);
      const recent = chunks.slice(-3);
      const expected = BYTES.subarray(at + CHUNK_BYTES - recent.length * CHUNK_BYTES, at + CHUNK_BYTES);
      assert.deepEqual(recent.flatMap((chunk) => [...chunk]), [...expected]);
    }
    if (leaves) fanOut.leave("a");
    else await read("a", BYTES.length, 80);
    assert.equal(await other, BYTES.length);
    const recent = chunks.slice(-3).flatMap((chunk) => [...chunk]);
    // The other side of the rule: buffers are used again, or this would prove nothing.
    assert.equal(recent.join() === BYTES.subarray(68, 80).join(), leaves);
    fanOut[Symbol.dispose]();
  }
});

Deno.test("a read that fails fails for all that wait for it; who then asks begins anew", async () => {
  const source = new MemoryBlobs(CHUNK_BYTES);
  const blob = await source.add(BYTES);
  let isBroken = true;
  const gate = Promise.withResolvers<void>();
  const breaking: typeof source.openBlob = (blob, range) =>
    isBroken
      ? new ReadableStream({ pull: () => gate.promise.then(() => Promise.reject(new Error("disk"))) })
      : source.openBlob(blob, range);
  const { fanOut, read } = await stageFor(["a", "b"], {
    source: { identityOf: source.identityOf, openBlob: breaking },
    blob,
  });
  const reads = [read("a", 8), read("b", 8)];
  gate.resolve();
  for (const failed of await Promise.allSettled(reads)) {
    assert.equal(failed.status === "rejected" && failed.reason.message, "disk");
  }
  isBroken = false;
  assert.deepEqual(await Promise.all([read("a", 8), read("b", 8)]), [8, 8]);
  assert.equal(source.readBytes, 8);
  fanOut[Symbol.dispose]();
});

Deno.test("disposing ends every wait, and the source's stream", async () => {
  const waiting = await stageFor(["a", "b"]);
  const first = waiting.read("a", 8);
  waiting.fanOut[Symbol.dispose]();
  assert.equal(await first, 0);
  assert.deepEqual(waiting.source.opened, []);
  assert.equal(waiting.clock.pending, 0);

  const full = await stageFor(["a", "b"]);
  const fast = full.read("a", BYTES.length);
  await full.read("b", 4);
  assert(await isPending(fast, full.clock));
  full.fanOut[Symbol.dispose]();
  assert.equal(await fast, WINDOW_BYTES);
  assert.equal(full.clock.pending, 0);
  assert.equal(full.source.readBytes, WINDOW_BYTES);
});
