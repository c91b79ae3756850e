import fc from "fast-check";
import assert from "node:assert/strict";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { ProgressModel } from "../../../../lib/transfer/progress/progress_model.ts";
import { blob } from "./progress_events.ts";

/** Parts of a blob; a negative one is taken back and sent again. */
const partsArbitrary = fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { maxLength: 8 });

interface Course {
  events: TransferEvent[];
  sizeBytes: number;
}

/** A blob that gets through, with failures on the way. */
function course(char: string, parts: readonly number[], failures: ReadonlySet<number>): Course {
  const sizeBytes = parts.reduce((sum, part) => sum + part, 0);
  const { start, bytes, retry, done } = blob(char, sizeBytes);
  const events = parts.flatMap((part, index) =>
    failures.has(index) ? [bytes(part), bytes(-part), retry(2, 100), bytes(part)] : [bytes(part)]
  );
  return { events: [start, ...events, done], sizeBytes };
}

/** Several blobs whose events come in any order that keeps each blob's own. */
const interleavedArbitrary = fc.record({
  blobs: fc.array(fc.record({ parts: partsArbitrary, failures: fc.array(fc.nat(7)) }), {
    minLength: 1,
    maxLength: 6,
  }),
  order: fc.array(fc.nat(5), { maxLength: 120 }),
  steps: fc.array(fc.nat(20_000), { minLength: 1, maxLength: 20 }),
}).map(({ blobs, order, steps }) => {
  const courses = blobs.map(({ parts, failures }, index) =>
    course(index.toString(16), parts, new Set(failures))
  );
  const queues = courses.map(({ events }) => [...events]);
  const turns = [...order, ...queues.flatMap((queue, index) => queue.map(() => index))];
  const events = turns.flatMap((turn) => queues[turn % queues.length]!.splice(0, 1));
  return { events, steps, sizeBytes: courses.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
});

Deno.test("ProgressModel.view() never runs backwards and ends with the sum of all deltas", () => {
  fc.assert(fc.property(interleavedArbitrary, ({ events, steps, sizeBytes }) => {
    const model = new ProgressModel();
    model.apply({ type: "plan:ready", targets: [], blobs: 6, sizeBytes }, 0);
    let nowMs = 0;
    let shownBytes = 0;
    let deltaBytes = 0;
    events.forEach((event, index) => {
      nowMs += steps[index % steps.length]!;
      model.apply(event, nowMs);
      if (event.type === "blob:bytes") deltaBytes += event.deltaBytes;
      const view = model.view(nowMs);
      assert(view.doneBytes >= shownBytes, `${view.doneBytes} after ${shownBytes}`);
      assert(view.doneBytes >= deltaBytes);
      assert(view.rateBytesPerSecond >= 0);
      assert.equal(view.totalBytes, sizeBytes, "so the share never falls either");
      shownBytes = view.doneBytes;
    });
    const view = model.view(nowMs);
    assert.deepEqual(view.active, []);
    assert.equal(deltaBytes, sizeBytes);
    assert.equal(view.doneBytes, sizeBytes);
    assert.equal(view.totalBytes, sizeBytes);
  }));
});

Deno.test("ProgressModel.view() never shows a blob running backwards", () => {
  fc.assert(fc.property(partsArbitrary, fc.array(fc.nat(7)), (parts, failures) => {
    const model = new ProgressModel();
    let shownBytes = 0;
    for (const event of course("a", parts, new Set(failures)).events) {
      model.apply(event, 0);
      for (const active of model.view(0).active) {
        assert(active.doneBytes >= shownBytes);
        shownBytes = active.doneBytes;
      }
    }
  }));
});
