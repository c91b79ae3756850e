import assert from "node:assert/strict";
import { seededBytes, seededRandom } from "../../support/seeded_random.ts";

Deno.test("seededRandom() gives the same numbers for the same seed, spread over [0, 1)", () => {
  const [a, b, c] = [seededRandom(1), seededRandom(1), seededRandom(2)];
  const numbers = Array.from({ length: 1000 }, a);
  assert.deepEqual(numbers, Array.from({ length: 1000 }, b));
  assert.notEqual(numbers[0], c());
  const mean = numbers.reduce((sum, number) => sum + number) / 1000;
  assert(numbers.every((number) => number >= 0 && number < 1) && Math.abs(mean - 0.5) < 0.05);
});

Deno.test("seededBytes() gives exactly as many bytes as asked for, of every value", () => {
  assert.equal(seededBytes(5).length, 5);
  assert.deepEqual(seededBytes(5, 7), seededBytes(100, 7).slice(0, 5));
  assert.equal(new Set(seededBytes(10_000)).size, 256);
});
