import assert from "node:assert/strict";
import { digestOf } from "../../../../lib/spec/digest.ts";
import { type PartsSink, receiveParts } from "../../../../lib/transfer/fetch/receive_parts.ts";
import { DEFAULT_RETRY_POLICY } from "../../../../lib/util/retry.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { seededBytes } from "../../../support/seeded_random.ts";

const CONTENT = seededBytes(1_000_000);

/** Receives one blob, in chunks of 100 kB, each of which is overwritten when two more have been asked for. */
async function receive(
  sink: Pick<PartsSink, "write">,
  { content = CONTENT, rateBytesPerSecond }: { content?: Uint8Array; rateBytesPerSecond?: number } = {},
): Promise<FakeClock> {
  const clock = new FakeClock({ autoAdvance: true });
  const buffers = [new Uint8Array(100_000), new Uint8Array(100_000)];
  const origin = {
    name: "r.example/app",
    readBlob: () => Promise.resolve(ReadableStream.from(chunksOf(content, buffers))),
  };
  const blob = { mediaType: "x", digest: await digestOf(CONTENT), size: CONTENT.length };
  const held = { readHeld: () => Promise.resolve(0), continueAt: () => Promise.resolve() };
  await receiveParts([{ blob }], {
    sink: { ...held, write: (bytes) => sink.write(bytes) },
    originOf: () => origin,
    rateBytesPerSecond,
    policy: DEFAULT_RETRY_POLICY,
    clock,
    random: () => 0.5,
    signal: new AbortController().signal,
    onEvent: () => {},
  });
  return clock;
}

function* chunksOf(content: Uint8Array, buffers: readonly Uint8Array[]): Generator<Uint8Array> {
  for (let at = 0; at < content.length; at += 100_000) {
    const buffer = buffers[at / 100_000 % buffers.length]!;
    buffer.set(content.subarray(at, at + buffer.length));
    yield buffer;
  }
}

/** Lets everything happen that can happen without time passing. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

Deno.test("receiveParts() writes a chunk while the next one comes, and never two at once", async () => {
  const written: Uint8Array<ArrayBuffer>[] = [];
  let isWriting = false;
  await receive({
    async write(bytes) {
      assert.equal(isWriting, false);
      isWriting = true;
      await settle();
      written.push(bytes.slice());
      isWriting = false;
    },
  });
  assert.deepEqual(await new Blob(written).bytes(), CONTENT);
});

Deno.test("receiveParts() fails as a write fails, and as the content is wrong once what is on its way is written", async () => {
  await assert.rejects(receive({ write: () => Promise.reject(new Error("disk full")) }), /disk full/);
  let isWriting = false;
  const write = async (): Promise<void> => {
    isWriting = true;
    await settle();
    isWriting = false;
  };
  await assert.rejects(receive({ write }, { content: seededBytes(1_000_000, 2) }), /its content is sha256:/);
  assert.equal(isWriting, false);
});

Deno.test("receiveParts() receives no faster than it is told", async () => {
  const clock = await receive({ write: () => Promise.resolve() }, { rateBytesPerSecond: 100_000 });
  const sleptMs = clock.sleptMs.reduce((sum, ms) => sum + ms, 0);
  // The first piece goes at once.
  assert.ok(sleptMs >= 8_500 && sleptMs <= 10_000, `${sleptMs} ms`);
});
