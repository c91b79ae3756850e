import assert from "node:assert/strict";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { ProgressModel } from "../../../../lib/transfer/progress/progress_model.ts";
import { blob, digest, TARGET, viewAfter } from "./progress_events.ts";

const PLAN = { type: "plan:ready", targets: [`${TARGET}:1`], blobs: 3, sizeBytes: 600 } as const;

Deno.test("ProgressModel.view() is empty before anything happened", () => {
  assert.deepEqual(new ProgressModel().view(0), {
    active: [],
    finished: 0,
    existing: 0,
    mounted: 0,
    resumed: 0,
    retries: 0,
    planned: 0,
    tagged: 0,
    targets: 0,
    doneBytes: 0,
    totalBytes: 0,
    rateBytesPerSecond: 0,
    remainingMs: undefined,
  });
});

Deno.test("ProgressModel.view() tells a blob's way from the question to its end", () => {
  const { start, bytes, done } = blob("a", 100);
  const model = new ProgressModel();
  model.apply(PLAN, 0);
  model.apply(start, 0);
  assert.equal(model.view(0).active[0]?.state, "checking");
  model.apply(bytes(40), 1_000);
  const [active] = model.view(1_000).active;
  assert.equal(active?.state, "sending");
  assert.equal(active?.name, digest("a"));
  assert.equal(active?.doneBytes, 40);
  model.apply(bytes(60), 1_500);
  model.apply(done, 1_600);
  const view = model.view(1_600);
  assert.deepEqual(view.active, []);
  assert.equal(view.finished, 1);
  assert.equal(view.existing, 0);
  assert.equal(view.doneBytes, 100);
  assert.equal(view.totalBytes, 600);
});

Deno.test("ProgressModel.view() counts what is there already as done but not as speed", () => {
  const { start, exists } = blob("a", 100);
  const view = viewAfter([[0, PLAN], [0, start], [10, exists]], 20);
  assert.equal(view.existing, 1);
  assert.equal(view.finished, 1);
  assert.equal(view.doneBytes, 100);
  assert.equal(view.rateBytesPerSecond, 0);
  assert.equal(view.remainingMs, undefined);
});

Deno.test("ProgressModel.view() tells rate and remaining time from the bytes of the last seconds", () => {
  const { start, bytes } = blob("a", 400);
  const view = viewAfter([[0, start], [0, bytes(100)], [1_000, bytes(100)]], 2_000);
  assert.equal(view.rateBytesPerSecond, 100);
  assert.equal(view.remainingMs, 2_000);
  assert.equal(view.active[0]?.remainingMs, 2_000);
});

Deno.test("ProgressModel.view() forgets the speed of the past", () => {
  const { start, bytes } = blob("a", 400);
  const view = viewAfter([[0, start], [0, bytes(100)]], 60_000);
  assert.equal(view.rateBytesPerSecond, 0);
  assert.equal(view.remainingMs, undefined);
});

Deno.test("ProgressModel.view() holds what it showed while a failed part is sent again", () => {
  const { start, bytes, retry } = blob("a", 100);
  const model = new ProgressModel();
  model.apply(start, 0);
  model.apply(bytes(60), 0);
  assert.equal(model.view(0).doneBytes, 60);
  model.apply(bytes(-50), 100);
  model.apply(retry(2, 3_000), 100);
  const paused = model.view(1_100);
  assert.equal(paused.doneBytes, 60);
  assert.equal(paused.active[0]?.doneBytes, 60);
  assert.equal(paused.active[0]?.state, "retrying");
  assert.equal(paused.active[0]?.remainingMs, 2_000);
  model.apply(bytes(20), 3_200);
  const again = model.view(3_200);
  assert.equal(again.doneBytes, 60);
  assert.equal(again.active[0]?.state, "sending");
  assert.equal(again.active[0]?.attempt, 2);
  model.apply(bytes(50), 3_300);
  assert.equal(model.view(3_300).doneBytes, 80);
});

Deno.test("ProgressModel.view() tells blobs apart by target", () => {
  const here = blob("a", 100, "one.example/app");
  const there = blob("a", 100, "two.example/app");
  const view = viewAfter([[0, here.start], [0, there.start], [0, here.bytes(10)], [0, there.bytes(20)]], 0);
  assert.deepEqual(view.active.map(({ target, doneBytes }) => [target, doneBytes]), [
    ["one.example/app", 10],
    ["two.example/app", 20],
  ]);
});

Deno.test("ProgressModel.view() counts what was mounted, went on, and was tried again", () => {
  const [a, b] = [blob("a", 100), blob("b", 100)];
  const key = { target: TARGET, digest: digest("a") };
  const request = { target: TARGET, attempt: 2, delayMs: 10, reason: "no answer" };
  const view = viewAfter([
    [0, PLAN],
    [0, { type: "request:retry", ...request }],
    [0, a.start],
    [0, { type: "blob:mounted", ...key, sizeBytes: 100, from: "other" }],
    [0, b.start],
    [0, { type: "blob:resumed", target: TARGET, digest: digest("b"), offsetBytes: 50 }],
    [0, b.retry(2, 1_000)],
  ], 0);
  const { finished, existing, mounted, resumed, retries } = view;
  assert.deepEqual({ finished, existing, mounted, resumed, retries }, {
    finished: 1,
    existing: 0,
    mounted: 1,
    resumed: 1,
    retries: 2,
  });
});

Deno.test("ProgressModel.view() knows the total of several saves from the start, or not at all", () => {
  const images = ["app:1", "redis:7"];
  const start = {
    type: "save:start",
    image: "app:1",
    path: "a.tar",
    runtime: "docker",
    sizeBytes: 40,
  } as const;
  const known = viewAfter([[0, { type: "save:ready", images, sizeBytes: 100 }], [0, start]], 0);
  assert.deepEqual([known.totalBytes, known.planned], [100, 2]);
  const unknown = viewAfter([[0, { type: "save:ready", images }], [0, start]], 0);
  assert.deepEqual([unknown.totalBytes, unknown.planned], [undefined, 2]);
});

Deno.test("ProgressModel.view() adds plans up and counts tags", () => {
  const view = viewAfter([
    [0, PLAN],
    [0, PLAN],
    [0, { type: "tag:done", reference: `${TARGET}:1`, digest: digest("f") }],
  ], 0);
  assert.equal(view.planned, 6);
  assert.equal(view.totalBytes, 1_200);
  assert.equal(view.targets, 2);
  assert.equal(view.tagged, 1);
});

Deno.test("ProgressModel.view() knows no total while an image of unknown size is saved", () => {
  const start = { type: "save:start", image: "app:1", path: "app_1.tar", runtime: "docker" } as const;
  const view = viewAfter([[0, start], [0, { type: "save:bytes", image: "app:1", deltaBytes: 70 }]], 0);
  assert.equal(view.totalBytes, undefined);
  assert.equal(view.doneBytes, 70);
  assert.equal(view.active[0]?.target, "app_1.tar");
});

Deno.test("ProgressModel.view() knows no total while something passes, until all has", () => {
  const a = blob("a", 40);
  const passing: [number, TransferEvent][] = [
    [0, { type: "pass:start", targets: [TARGET] }],
    [0, a.start],
    [0, a.bytes(30)],
  ];
  const { doneBytes, totalBytes, planned, remainingMs } = viewAfter(passing, 1_000);
  assert.deepEqual({ doneBytes, totalBytes, planned, remainingMs }, {
    doneBytes: 30,
    totalBytes: undefined,
    planned: undefined,
    remainingMs: undefined,
  });
  const plan: TransferEvent = { type: "plan:ready", targets: [`${TARGET}:1`], blobs: 2, sizeBytes: 50 };
  const after = viewAfter([...passing, [1_000, a.done], [1_000, plan]], 1_000);
  assert.deepEqual([after.doneBytes, after.totalBytes, after.planned], [40, 50, 2]);
});

Deno.test("ProgressModel.view() gives the size hint of a save up once it proved too small", () => {
  const model = new ProgressModel();
  model.apply({ type: "save:start", image: "app:1", path: "a.tar", runtime: "docker", sizeBytes: 100 }, 0);
  model.apply({ type: "save:bytes", image: "app:1", deltaBytes: 90 }, 0);
  assert.equal(model.view(0).totalBytes, 100);
  model.apply({ type: "save:bytes", image: "app:1", deltaBytes: 20 }, 0);
  assert.equal(model.view(0).totalBytes, undefined);
  model.apply({ type: "save:done", image: "app:1", path: "a.tar", sizeBytes: 110 }, 0);
  const view = model.view(0);
  assert.equal(view.totalBytes, 110);
  assert.equal(view.doneBytes, 110);
  assert.equal(view.finished, 1);
});
