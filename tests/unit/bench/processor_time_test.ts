import assert from "node:assert/strict";
import { parseProcessorTime, stolenShare } from "../../../scripts/bench/processor_time.ts";

const STAT = `cpu  100 20 30 4000 50 6 7 80 9 1
cpu0 50 10 15 2000 25 3 3 40 4 1
intr 1 2 3
`;

Deno.test("parseProcessorTime() sums up work of all processors, without waiting and guests", () => {
  assert.deepEqual(parseProcessorTime(STAT), { busyTicks: 163, stolenTicks: 80 });
});

Deno.test("parseProcessorTime() knows nothing where the system does not tell what was stolen", () => {
  assert.equal(parseProcessorTime("cpu  100 20 30 4000 50 6 7\n"), undefined);
  assert.equal(parseProcessorTime(""), undefined);
});

Deno.test("stolenShare() relates what was stolen to what was wanted", () => {
  const before = { busyTicks: 1000, stolenTicks: 500 };
  assert.equal(stolenShare(before, { busyTicks: 1030, stolenTicks: 510 }), 0.25);
  assert.equal(stolenShare(before, before), 0);
  assert.equal(stolenShare(before, undefined), undefined);
});
