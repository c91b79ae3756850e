import assert from "node:assert/strict";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { TransferTally, type TransferTotals } from "../../../../lib/transfer/progress/transfer_tally.ts";
import { blob, digest, TARGET } from "./progress_events.ts";

const NOTHING = { sentBytes: 0, existingBytes: 0, mountedBytes: 0, resumedBytes: 0, retries: 0 };

function totals(...events: readonly TransferEvent[]): TransferTotals {
  const tally = new TransferTally();
  for (const event of events) tally.apply(event);
  return tally.totals();
}

Deno.test("TransferTally counts bytes that went twice as often as they went, and the retries between", () => {
  const { start, bytes, retry, done } = blob("a", 100);
  assert.deepEqual(totals(start, bytes(60), bytes(-60), retry(2, 1), bytes(100), done), {
    ...NOTHING,
    sentBytes: 160,
    retries: 1,
  });
});

Deno.test("TransferTally tells what was there, mounted and left by earlier runs apart", () => {
  const key = { target: TARGET, digest: digest("b") };
  assert.deepEqual(
    totals(
      blob("a", 100).exists,
      { type: "blob:mounted", ...key, sizeBytes: 30, from: "other" },
      { type: "blob:resumed", ...key, digest: digest("c"), offsetBytes: 7 },
      { type: "request:retry", target: TARGET, attempt: 2, delayMs: 1, reason: "no answer" },
    ),
    { sentBytes: 0, existingBytes: 100, mountedBytes: 30, resumedBytes: 7, retries: 1 },
  );
});

Deno.test("TransferTally takes what came from the cache for what was there", () => {
  const { start, bytes } = blob("a", 100);
  const done: TransferEvent = {
    type: "blob:done",
    target: TARGET,
    digest: digest("a"),
    sizeBytes: 100,
    cachedBytes: 70,
  };
  assert.deepEqual(totals(start, bytes(100), done), { ...NOTHING, sentBytes: 30, existingBytes: 70 });
});

Deno.test("TransferTally believes the end of a blob's story", () => {
  const { exists, done, bytes } = blob("a", 100);
  assert.deepEqual(totals(exists, bytes(100), done), { ...NOTHING, sentBytes: 100 });
  assert.deepEqual(totals(bytes(100), done, exists), { ...NOTHING, sentBytes: 100 });
  const named: TransferEvent = {
    type: "blob:done",
    target: TARGET,
    digest: "layer.tar",
    sizeBytes: 100,
    found: digest("a"),
  };
  assert.deepEqual(totals(named, exists), NOTHING);
});

Deno.test("TransferTally.countingFor() hands every event on", () => {
  const tally = new TransferTally();
  const events: TransferEvent[] = [];
  tally.countingFor((event) => events.push(event))(blob("a", 5).exists);
  assert.deepEqual(events, [blob("a", 5).exists]);
  assert.equal(tally.totals().existingBytes, 5);
});
