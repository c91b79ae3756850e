import assert from "node:assert/strict";
import { ReceiptBook } from "../../../lib/commands/receipt.ts";
import { PusherError } from "../../../lib/errors.ts";
import type { TransferEvent } from "../../../lib/transfer/events.ts";
import { VERSION } from "../../../lib/version.ts";
import { blob, digest, TARGET } from "../transfer/progress/progress_events.ts";

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const ARCHIVE = {
  path: "app.tar",
  format: "docker-archive",
  sizeBytes: 400,
  images: [{ names: ["docker.io/team/app:1"], digest: digest("f") }],
};
const DENIED = new PusherError("AUTH_DENIED", "Cannot push: 403", { detail: { registry: "r", status: 403 } });
const PLAN: TransferEvent = {
  type: "plan:ready",
  targets: [`${TARGET}:1`, `${TARGET}:2`],
  blobs: 1,
  sizeBytes: 100,
};
const FIRST: TransferEvent = { type: "tag:done", reference: `${TARGET}:1`, digest: digest("f") };

function book(...events: readonly TransferEvent[]): ReceiptBook {
  const book = new ReceiptBook("push", START_MS);
  for (const event of events) book.apply(event);
  return book;
}

Deno.test("ReceiptBook.close() tells what was read, where it went, and when, in UTC", () => {
  const { bytes, done } = blob("a", 100);
  const image = { reference: `${TARGET}:1`, digest: digest("f"), mediaType: "application/x" };
  const receipt = book({ type: "archive:ready", ...ARCHIVE }, PLAN, bytes(100), done, FIRST)
    .close({ images: [image], failures: [] }, START_MS + 1_500);
  assert.deepEqual(receipt, {
    schemaVersion: 1,
    tool: `docker-image-pusher ${VERSION}`,
    command: "push",
    outcome: "complete",
    startedAt: "2026-01-02T03:04:05.000Z",
    endedAt: "2026-01-02T03:04:06.500Z",
    archives: [ARCHIVE],
    images: [image],
    failures: [],
    totals: { sentBytes: 100, existingBytes: 0, mountedBytes: 0, resumedBytes: 0, retries: 0 },
  });
});

Deno.test("ReceiptBook.close() tells what failed beside what went through", () => {
  const failures = [{ reference: `${TARGET}:2`, error: DENIED }];
  const image = { reference: `${TARGET}:1`, digest: digest("f") };
  const partial = book(PLAN).close({ images: [image], failures }, START_MS);
  assert.equal(partial.outcome, "partial");
  const error = { code: "AUTH_DENIED", message: "Cannot push: 403" };
  assert.deepEqual(partial.failures, [{ reference: `${TARGET}:2`, error }]);
  assert.equal(book(PLAN).close({ images: [], failures }, START_MS).outcome, "failed");
});

Deno.test("ReceiptBook.abandon() tells what had got there by then, and what had not", () => {
  const canceled = new PusherError("CANCELED", "Stopped by SIGINT", { detail: { signal: "SIGINT" } });
  const receipt = book(PLAN, FIRST).abandon(canceled, START_MS);
  const error = { code: "CANCELED", message: "Stopped by SIGINT" };
  assert.equal(receipt.outcome, "canceled");
  assert.deepEqual(receipt.images, [{ reference: `${TARGET}:1`, digest: digest("f") }]);
  assert.deepEqual(receipt.failures, [{ reference: `${TARGET}:2`, error }]);
  assert.deepEqual(receipt.error, error);
});

Deno.test("ReceiptBook.abandon() tells a bug and a pull by their own names", () => {
  const pulled: TransferEvent = {
    type: "pull:ready",
    references: ["r.example/app:1"],
    blobs: 1,
    sizeBytes: 1,
  };
  const receipt = book(pulled).abandon(new TypeError("oops"), START_MS);
  assert.deepEqual(receipt.failures.map(({ reference }) => reference), ["r.example/app:1"]);
  assert.deepEqual(receipt.error, { code: "INTERNAL", message: "oops" });
  assert.equal(receipt.outcome, "failed");
  assert.equal(book(PLAN, FIRST).abandon(DENIED, START_MS).outcome, "partial");
});
