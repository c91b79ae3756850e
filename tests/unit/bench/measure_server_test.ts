import assert from "node:assert/strict";
import { parseProcessUse } from "../../../scripts/bench/measure_server.ts";

Deno.test("parseProcessUse() reads times and peak, also of a program with a strange name", () => {
  const stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 101 0 0 0 250 50 7 8 20 0 1 0 3404236 3133440 395\n";
  const status = "Name:\ta) b (c\nVmPeak:\t  999999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
  assert.deepEqual(parseProcessUse(stat, status), { cpuSeconds: 3, peakBytes: 2 * 2 ** 20 });
});
