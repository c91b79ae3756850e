import assert from "node:assert/strict";
import { isPusherError, PusherError } from "../../../../lib/errors.ts";
import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import { digestOf } from "../../../../lib/spec/digest.ts";
import { DigestCheck } from "../../../../lib/transfer/hash/digest_check.ts";
import { downloadBlob, wrongContent } from "../../../../lib/transfer/fetch/download_blob.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import type { BlobOrigin } from "../../../../lib/transfer/ports.ts";
import { DEFAULT_RETRY_POLICY } from "../../../../lib/util/retry.ts";
import { createSha256 } from "../../../../lib/util/sha256.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { seededBytes } from "../../../support/seeded_random.ts";

const MIB = 2 ** 20;
const CONTENT = seededBytes(5 * MIB + 3);

/** What an answer gives before it breaks, or ends without an error. */
type Answer = { sizeBytes: number; error?: Error; content?: Uint8Array };

interface Download {
  bytes: Uint8Array;
  error: unknown;
  /** Where each request began. */
  offsets: number[];
  events: TransferEvent[];
  clock: FakeClock;
}

const broken = (): PusherError =>
  new PusherError("NETWORK", "the connection broke", {
    detail: { registry: "r", request: "GET" },
    retryable: true,
  });

/** Downloads from a registry that gives these answers, the last one again and again. */
async function download(answers: readonly Answer[], heldBytes = 0): Promise<Download> {
  const offsets: number[] = [];
  const events: TransferEvent[] = [];
  const origin: BlobOrigin = {
    name: "r.example/app",
    readBlob(_, offsetBytes) {
      const { sizeBytes, error, content = CONTENT } = answers[Math.min(offsets.length, answers.length - 1)]!;
      offsets.push(offsetBytes);
      return Promise.resolve(streamOf(content.subarray(offsetBytes, offsetBytes + sizeBytes), error));
    },
  };
  const blob: Descriptor = { mediaType: "x", digest: await digestOf(CONTENT), size: CONTENT.length };
  using check = new DigestCheck(blob, await createSha256(), wrongContent(origin));
  if (heldBytes > 0) await check.pass(CONTENT.subarray(0, heldBytes), 0);
  const clock = new FakeClock({ autoAdvance: true });
  const { signal } = new AbortController();
  const pieces: Uint8Array<ArrayBuffer>[] = [CONTENT.slice(0, heldBytes)];
  let error: unknown;
  try {
    const onEvent = (event: TransferEvent): void => void events.push(event);
    const options = { check, offsetBytes: heldBytes, policy: DEFAULT_RETRY_POLICY, clock, random: () => 0.5 };
    for await (const chunk of downloadBlob(blob, origin, { ...options, signal, onEvent })) {
      pieces.push(chunk.slice());
    }
  } catch (failure) {
    error = failure;
  }
  return { bytes: await new Blob(pieces).bytes(), error, offsets, events, clock };
}

function streamOf(bytes: Uint8Array, error?: Error): ReadableStream<Uint8Array> {
  let atBytes = 0;
  return new ReadableStream({
    pull(controller) {
      if (atBytes < bytes.length) {
        controller.enqueue(bytes.slice(atBytes, atBytes += 100_000));
        return;
      }
      if (error) controller.error(error);
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

Deno.test("downloadBlob() gives a blob, and asks once", async () => {
  const { bytes, error, offsets } = await download([{ sizeBytes: Infinity }]);
  assert.equal(error, undefined);
  assert.deepEqual(bytes, CONTENT);
  assert.deepEqual(offsets, [0]);
});

Deno.test("downloadBlob() goes on where an answer broke, or ended too early", async () => {
  const { bytes, error, offsets, events } = await download([
    { sizeBytes: MIB, error: broken() },
    { sizeBytes: 2 * MIB },
    { sizeBytes: Infinity },
  ]);
  assert.equal(error, undefined);
  assert.deepEqual(bytes, CONTENT);
  assert.deepEqual(offsets, [0, MIB, 3 * MIB]);
  assert.deepEqual(events.map((event) => event.type === "blob:retry" && event.attempt), [2, 2]);
});

Deno.test("downloadBlob() goes on with what is there already", async () => {
  const { bytes, error, offsets } = await download([{ sizeBytes: Infinity }], 3 * MIB);
  assert.equal(error, undefined);
  assert.deepEqual(bytes, CONTENT);
  assert.deepEqual(offsets, [3 * MIB]);
});

Deno.test("downloadBlob() gives up when attempts bring nothing, and not while they bring something", async () => {
  const stuck = await download([{ sizeBytes: 1000, error: broken() }]);
  assert.ok(isPusherError(stuck.error, "NETWORK"));
  assert.equal(stuck.offsets.length, DEFAULT_RETRY_POLICY.attempts);
  const slow = await download([{ sizeBytes: MIB, error: broken() }]);
  assert.equal(slow.error, undefined);
  assert.equal(slow.offsets.length, 6);
});

Deno.test("downloadBlob() holds the last bytes of another content back", async () => {
  const content = CONTENT.slice();
  content[7]! ^= 1;
  const { bytes, error, offsets } = await download([{ sizeBytes: Infinity, content }]);
  assert.ok(isPusherError(error, "DIGEST_MISMATCH"));
  assert.match(error.message, /^Cannot read blob sha256:\w+ of "r\.example\/app": its content is sha256:/);
  assert.ok(bytes.length < CONTENT.length);
  assert.equal(offsets.length, 1);
});

Deno.test("downloadBlob() refuses more bytes than the blob has", async () => {
  const content = new Uint8Array([...CONTENT, 1]);
  const { error } = await download([{ sizeBytes: Infinity, content }]);
  assert.ok(isPusherError(error, "DIGEST_MISMATCH"));
  assert.match(error.message, /sends more than its 5242883 bytes/);
});

Deno.test("downloadBlob() does not repeat what is refused for good", async () => {
  const error = new PusherError("AUTH_DENIED", "no", { detail: { registry: "r", status: 403 } });
  const result = await download([{ sizeBytes: 0, error }]);
  assert.equal(result.error, error);
  assert.equal(result.offsets.length, 1);
});
