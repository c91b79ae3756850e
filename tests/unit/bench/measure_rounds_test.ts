import assert from "node:assert/strict";
import type { Measurement } from "../../../scripts/bench/measure.ts";
import { measureRounds } from "../../../scripts/bench/measure_rounds.ts";
import type { Row } from "../../../scripts/bench/row.ts";

function row(name: string, measure: (nth: number) => Measurement): Row {
  let runs = 0;
  return { name, measure: () => Promise.try(() => measure(++runs)) };
}

function took(wallSeconds: number): Measurement {
  return { wallSeconds, cpuSeconds: 1, peakBytes: 1, stolenShare: 0 };
}

Deno.test("measureRounds() takes turns, and goes on without a row that fails", async () => {
  const lines: string[] = [];
  const rows = [
    row("a", took),
    row("b", (nth) => {
      if (nth === 2) throw new Error("no such option");
      return took(nth);
    }),
    row("c", took),
  ];
  const measured = await measureRounds(rows, { runs: 3, tell: (line) => lines.push(line) });
  assert.deepEqual(
    measured.map(({ name, measurements }) => [name, ...measurements.map(({ wallSeconds }) => wallSeconds)]),
    [["a", 1, 2, 3], ["c", 1, 2, 3]],
  );
  assert.deepEqual(lines, [
    "1/3 a: 1.00 s",
    "1/3 b: 1.00 s",
    "1/3 c: 1.00 s",
    "2/3 a: 2.00 s",
    "2/3 b: left out, since it failed: no such option",
    "2/3 c: 2.00 s",
    "3/3 a: 3.00 s",
    "3/3 c: 3.00 s",
  ]);
});
