import assert from "node:assert/strict";
import { visibleLength } from "../../../../lib/cli/ui/ansi.ts";
import { drawFrame, type FrameSize } from "../../../../lib/cli/ui/frame.ts";
import type { ProgressView } from "../../../../lib/transfer/progress/progress_model.ts";
import { blob, digest, TARGET, viewAfter } from "../../transfer/progress/progress_events.ts";

const MIB = 2 ** 20;
const SIZE: FrameSize = { columns: 80, rows: 24, ascii: false, color: false };

/** One blob in every state. */
function pushing(): ProgressView {
  const sending = blob("a", 45.6 * MIB);
  const fast = blob("b", 300 * MIB);
  const existing = blob("c", 12 * MIB);
  const repeated = blob("d", 44 * MIB);
  const paused = blob("e", 20 * MIB);
  const checking = blob("f", 10_000);
  const mounted = { target: TARGET, digest: digest("0") };
  return viewAfter([
    [0, { type: "plan:ready", targets: [`${TARGET}:1`, `${TARGET}:2`], blobs: 9, sizeBytes: 900 * MIB }],
    ...[sending, fast, existing, repeated, paused, checking].map(({ start }) => [0, start] as const),
    [0, existing.exists],
    [100, sending.bytes(22 * MIB)],
    [900, fast.bytes(210 * MIB)],
    [800, { type: "blob:resumed", target: TARGET, digest: digest("e"), offsetBytes: 5 * MIB }],
    [900, paused.bytes(5 * MIB)],
    [900, repeated.bytes(10 * MIB)],
    [900, repeated.bytes(-5 * MIB)],
    [900, repeated.retry(3, 100)],
    [1_000, repeated.bytes(1 * MIB)],
    [1_000, paused.retry(2, 3_000)],
    [1_000, { type: "blob:mounted", ...mounted, sizeBytes: 5 * MIB, from: "team/base" }],
    [1_000, { type: "tag:done", reference: `${TARGET}:1`, digest: digest("f") }],
  ], 2_000);
}

function saving(): ProgressView {
  const image = "registry.example.com/team/product/application:2.10.3";
  return viewAfter([
    [0, { type: "save:ready", images: [image, "redis:7"] }],
    [0, { type: "save:start", image, path: "application.tar", runtime: "docker", sizeBytes: 200 * MIB }],
    [0, { type: "save:bytes", image, deltaBytes: 50 * MIB }],
    [0, { type: "save:start", image: "redis:7", path: "redis_7.tar", runtime: "docker" }],
  ], 1_000);
}

function toSeveralTargets(): ProgressView {
  const [here, there] = ["one.example", "two.example/a/rather/long/path"].map((registry) =>
    blob("a", 100 * MIB, `${registry}/app`)
  );
  return viewAfter([[0, here!.start], [0, there!.start], [0, here!.bytes(10 * MIB)]], 1_000);
}

for (const columns of [40, 60, 80, 120]) {
  Deno.test(`drawFrame() shows a push on ${columns} columns`, async (t) => {
    await t.assertSnapshot(drawFrame(pushing(), { ...SIZE, columns }));
  });

  Deno.test(`drawFrame() shows saves on ${columns} columns`, async (t) => {
    await t.assertSnapshot(drawFrame(saving(), { ...SIZE, columns }));
  });

  Deno.test(`drawFrame() shows several targets on ${columns} columns`, async (t) => {
    await t.assertSnapshot(drawFrame(toSeveralTargets(), { ...SIZE, columns }));
  });
}

Deno.test("drawFrame() draws with ASCII where nothing else is safe", async (t) => {
  const lines = drawFrame(pushing(), { ...SIZE, ascii: true });
  assert.match(lines.join("\n"), /^[\x20-\x7e\n]*$/);
  await t.assertSnapshot(lines);
});

Deno.test("drawFrame() adds nothing but color where color is wanted", async (t) => {
  const colored = drawFrame(pushing(), { ...SIZE, color: true });
  // deno-lint-ignore no-control-regex
  assert.deepEqual(colored.map((line) => line.replace(/\x1b\[\d+m/g, "")), drawFrame(pushing(), SIZE));
  await t.assertSnapshot(colored);
});

Deno.test("drawFrame() shows as many transfers as fit and counts the others", async (t) => {
  const lines = drawFrame(pushing(), { ...SIZE, rows: 6 });
  assert.equal(lines.length, 5);
  await t.assertSnapshot(lines);
});

Deno.test("drawFrame() leaves every line shorter than any terminal is wide", () => {
  for (const view of [pushing(), saving(), toSeveralTargets()]) {
    for (const columns of [...Array(200).keys(), 999]) {
      for (const line of drawFrame(view, { ...SIZE, columns: columns + 1, color: true })) {
        assert(visibleLength(line) <= columns, `${columns + 1}: ${line}`);
      }
    }
  }
});

Deno.test("drawFrame() leaves room for the cursor on any terminal, and the total line last", () => {
  assert.deepEqual(drawFrame(pushing(), { ...SIZE, rows: 1 }), []);
  assert.match(drawFrame(pushing(), { ...SIZE, rows: 2 }).join("\n"), /^total 2\d% [^\n]+$/);
  for (const rows of [...Array(40).keys(), 299]) {
    assert(drawFrame(pushing(), { ...SIZE, rows: rows + 1 }).length <= rows);
  }
});

Deno.test("drawFrame() escapes names from outside", () => {
  const image = "\x1b[2Jevil";
  const view = viewAfter([[0, { type: "save:start", image, path: "a.tar", runtime: "docker" }]], 0);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(drawFrame(view, SIZE).join(""), /\x1b/);
});
