import assert from "node:assert/strict";
import { measure, median } from "../../../scripts/bench/measure.ts";
import { testWith } from "../../support/real_parts.ts";

Deno.test("median() is the one in the middle, or between the two", () => {
  assert.equal(median([7]), 7);
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

testWith(["time"], "measure() tells what a program took, and what one that fails wrote", async () => {
  const { wallSeconds, peakBytes } = await measure({ command: ["sh", "-c", "test $A = 1"], env: { A: "1" } });
  assert.ok(wallSeconds > 0);
  assert.ok(peakBytes > 0);
  await assert.rejects(measure({ command: ["sh", "-c", "echo no room >&2; exit 3"] }), /no room/);
});
