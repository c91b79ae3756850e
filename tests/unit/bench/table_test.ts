import assert from "node:assert/strict";
import type { Measurement } from "../../../scripts/bench/measure.ts";
import { formatTable } from "../../../scripts/bench/table.ts";

const MIB = 2 ** 20;

function took(wallSeconds: number, peakMib: number, stolenShare?: number): Measurement {
  return { wallSeconds, cpuSeconds: 2 * wallSeconds, peakBytes: peakMib * MIB, stolenShare };
}

Deno.test("formatTable() gives medians, and medians of the ratios of each round", () => {
  const bare = { name: "bare", measurements: [took(0.1, 30, 0), took(0.1, 20, 0), took(0.1, 20, 0)] };
  const hashOnly = {
    name: "hash",
    sizeBytes: 100e6,
    measurements: [took(1, 40, 0.1), took(4, 40, 0.3), took(2, 40, 0.2)],
  };
  const push = {
    name: "push",
    sizeBytes: 200e6,
    // As fast in each round as hashing is, since that had the same bad rounds.
    measurements: [took(2, 55, 0), took(8, 65, 0.5), took(4, 50, 0.4)],
  };
  const lines = formatTable([bare, hashOnly, push], { bare, hashOnly }).split("\n");
  assert.deepEqual(lines, [
    "|  | wall s | MB/s | × hash only | CPU s | peak MiB | above bare | stolen % |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    "| bare | 0.10 |  |  | 0.20 | 20 |  | 0 |",
    "| hash | 2.00 | 50 | 1.00 | 4.00 | 40 | 20 | 20 |",
    "| push | 4.00 | 50 | 1.00 | 8.00 | 55 | 30 | 40 |",
    "",
  ]);
});

Deno.test("formatTable() leaves the share that was stolen out where it is not known", () => {
  const bare = { name: "bare", measurements: [took(0.1, 20)] };
  const hashOnly = { name: "hash", sizeBytes: 100e6, measurements: [took(1, 40)] };
  const [, , ...lines] = formatTable([bare, hashOnly], { bare, hashOnly }).trimEnd().split("\n");
  assert.deepEqual(lines, [
    "| bare | 0.10 |  |  | 0.20 | 20 |  |  |",
    "| hash | 1.00 | 100 | 1.00 | 2.00 | 40 | 20 |  |",
  ]);
});
