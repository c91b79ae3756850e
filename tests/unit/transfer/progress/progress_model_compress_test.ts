import assert from "node:assert/strict";
import { sha256Digest } from "../../../../lib/spec/digest.ts";
import { ProgressModel } from "../../../../lib/transfer/progress/progress_model.ts";

const digest = sha256Digest("a".repeat(64));

Deno.test("ProgressModel shows a layer being compressed beside what is sent of it", () => {
  const model = new ProgressModel();
  model.apply({ type: "compress:start", digest, sizeBytes: 400 }, 0);
  model.apply({ type: "blob:start", target: "r.example/app", digest, mediaType: "x" }, 0);
  model.apply({ type: "compress:bytes", digest, deltaBytes: 100 }, 0);
  model.apply({ type: "blob:bytes", target: "r.example/app", digest, deltaBytes: 30 }, 0);
  const view = model.view(1_000);
  assert.deepEqual(
    view.active.map(({ name, state, doneBytes, sizeBytes }) => ({ name, state, doneBytes, sizeBytes })),
    [
      { name: digest, state: "compressing", doneBytes: 100, sizeBytes: 400 },
      { name: digest, state: "sending", doneBytes: 30, sizeBytes: undefined },
    ],
  );
  assert.deepEqual([view.doneBytes, view.totalBytes, view.finished], [30, undefined, 0]);
});

for (const type of ["compress:done", "compress:failed"] as const) {
  Deno.test(`ProgressModel forgets a layer at ${type}, and counts only what was sent`, () => {
    const model = new ProgressModel();
    model.apply({ type: "compress:start", digest, sizeBytes: 400 }, 0);
    model.apply({ type: "compress:bytes", digest, deltaBytes: 400 }, 0);
    const done = {
      type: "compress:done",
      digest,
      sizeBytes: 400,
      found: digest,
      compressedBytes: 9,
    } as const;
    model.apply(type === "compress:done" ? done : { type, digest }, 0);
    model.apply({ type: "compress:bytes", digest, deltaBytes: 1 }, 0);
    const view = model.view(1_000);
    assert.deepEqual([view.active, view.doneBytes, view.finished], [[], 0, 0]);
  });
}
