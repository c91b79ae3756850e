import assert from "node:assert/strict";
import fc from "fast-check";
import { isPusherError } from "../../../../lib/errors.ts";
import { sha256Digest } from "../../../../lib/spec/digest.ts";
import { HashEffort } from "../../../../lib/transfer/hash/hash_effort.ts";
import { type BlobClaim, SharedReads } from "../../../../lib/transfer/push/shared_reads.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { seededBytes } from "../../../support/seeded_random.ts";
import { MemoryBlobs } from "../memory_blobs.ts";

const CHUNK_BYTES = 16;
/** How many chunks a request may have asked for beyond the one it is sending. */
const ASKED_AHEAD = 2;

/** What becomes of a part: it goes through, or its connection breaks and so much of it counts. */
interface Fate {
  breaksAfter: number | undefined;
  keptShare: number;
  /** Turns to let others go first, before each chunk. */
  pace: number;
  /** Seconds in which nothing moves. */
  restSeconds: number;
}

const CALM: Fate = { breaksAfter: undefined, keptShare: 1, pace: 0, restSeconds: 0 };

interface Part extends Fate {
  lengthBytes: number;
}

interface Lane {
  startTurns: number;
  parts: Part[];
  givesUp: boolean;
  has: boolean;
}

const part: fc.Arbitrary<Part> = fc.record({
  lengthBytes: fc.integer({ min: 20, max: 900 }),
  breaksAfter: fc.option(fc.integer({ min: 0, max: 40 }), { freq: 3, nil: undefined }),
  keptShare: fc.constantFrom(0, 0, 0.4, 1),
  pace: fc.constantFrom(0, 0, 1, 7),
  restSeconds: fc.constantFrom(0, 0, 0, 0, 2, 6),
});

const lane: fc.Arbitrary<Lane> = fc.record({
  startTurns: fc.nat(20),
  parts: fc.array(part, { minLength: 1, maxLength: 12 }),
  givesUp: fc.integer({ min: 0, max: 3 }).map((value) => value === 0),
  has: fc.integer({ min: 0, max: 5 }).map((value) => value === 0),
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

/** Sends the blob as a lane does, each chunk copied as late as a request may copy it. */
class Sender {
  readonly received: number[] = [];
  readonly #claim: BlobClaim;
  readonly #lane: Lane;
  readonly #clock: FakeClock;
  /** Chunks of requests that were given up, and what they were: they may still be on their way. */
  readonly #givenUp: { chunk: Uint8Array; bytes: number[] }[] = [];

  constructor(claim: BlobClaim, lane: Lane, clock: FakeClock) {
    this.#claim = claim;
    this.#lane = lane;
    this.#clock = clock;
  }

  async run(bytes: Uint8Array): Promise<void> {
    const { parts, startTurns, has, givesUp } = this.#lane;
    using claim = this.#claim;
    const { signal } = new AbortController();
    await turns(startTurns);
    if (has) return;
    const content = await claim.open(signal, () => {});
    for (let nth = 0; this.received.length < bytes.length; nth++) {
      if (givesUp && nth === parts.length) return;
      const part = parts[nth % parts.length]!;
      const offsetBytes = this.received.length;
      const lengthBytes = Math.min(part.lengthBytes, bytes.length - offsetBytes);
      const stream = content.part(offsetBytes, lengthBytes).open();
      // Nothing goes wrong for ever.
      await this.#send(stream, nth < 2 * parts.length ? part : CALM);
    }
  }

  async #send(stream: ReadableStream<Uint8Array>, part: Fate): Promise<void> {
    const offsetBytes = this.received.length;
    const reader = stream.getReader();
    const pending: Uint8Array[] = [];
    if (part.restSeconds > 0) await this.#clock.sleep(part.restSeconds * 1_000);
    for (let count = 0; count !== part.breaksAfter; count++) {
      await turns(part.pace);
      const { value, done } = await reader.read();
      if (done) {
        for (const chunk of pending) this.received.push(...chunk);
        return;
      }
      pending.push(value);
      if (pending.length > ASKED_AHEAD) this.received.push(...pending.shift()!);
    }
    await reader.cancel();
    const pendingBytes = pending.reduce((sum, { length }) => sum + length, 0);
    const givenBytes = this.received.length + pendingBytes - offsetBytes;
    const keptBytes = offsetBytes + Math.floor(givenBytes * part.keptShare);
    for (const chunk of pending) {
      this.received.push(...chunk);
      if (this.received.length > keptBytes) this.#givenUp.push({ chunk, bytes: [...chunk] });
    }
    this.received.length = keptBytes;
  }

  assertUntouched(): void {
    for (const { chunk, bytes } of this.#givenUp) assert.deepEqual([...chunk], bytes, "still on its way");
  }
}

Deno.test("every reader gets exactly the blob, whatever the others do", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(lane, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 3_000 }),
      fc.boolean(),
      async (lanes, sizeBytes, isWrong) => {
        const bytes = seededBytes(sizeBytes);
        const source = new MemoryBlobs(CHUNK_BYTES);
        const blob = await source.add(bytes, isWrong ? sha256Digest("ab".repeat(32)) : undefined);
        const clock = new FakeClock();
        const reads = new SharedReads({ clock, effort: new HashEffort({ clock, maxThreads: 0 }) });
        const names = lanes.map((_, index) => `registry ${index}`);
        for (const name of names) reads.expect(name, source, [blob]);
        const senders = lanes.map((lane, index) =>
          new Sender(reads.claim(names[index]!, source, blob), lane, clock)
        );
        const running = Promise.allSettled(senders.map((sender) => sender.run(bytes)));
        let isOver = false;
        running.then(() => isOver = true);
        while (!isOver) await clock.advance(1_000);
        for (const [index, outcome] of (await running).entries()) {
          const { received } = senders[index]!;
          const { has, givesUp } = lanes[index]!;
          assert.deepEqual(received, [...bytes.subarray(0, received.length)]);
          if (outcome.status === "rejected") {
            assert(isWrong && isPusherError(outcome.reason, "DIGEST_MISMATCH"), String(outcome.reason));
          } else assert(has || givesUp || !isWrong && received.length === bytes.length);
          assert(!isWrong || received.length < bytes.length, "never the whole of a wrong blob");
          senders[index]!.assertUntouched();
        }
        assert.equal(clock.pending, 0);
        const isHealthy = lanes.every(({ parts }) =>
          parts.every((part) => part.breaksAfter === undefined && part.pace === 0 && part.restSeconds === 0)
        );
        const isRead = lanes.some(({ has }) => !has);
        if (isHealthy && isRead && !isWrong && !lanes.some(({ givesUp }) => givesUp)) {
          assert.equal(source.readBytes, sizeBytes, "read once");
        }
      },
    ),
    { numRuns: 100 },
  );
});
