import assert from "node:assert/strict";
import { LinkGauge, smallerChunk } from "../../../../lib/transfer/upload/link_gauge.ts";

const MIB = 2 ** 20;

/** What is advised after one part on a link of this speed and distance. */
function advice(bytesPerSecond: number, roundTripMs: number): number {
  const gauge = new LinkGauge();
  gauge.addRoundTrip(roundTripMs);
  gauge.addTransfer(bytesPerSecond * 10, 10_000);
  return gauge.chunkBytes() / MIB;
}

Deno.test("chunkBytes() suits the link", () => {
  assert.equal(new LinkGauge().chunkBytes(), 10 * MIB, "when nothing is known");
  const cases: [string, number, number, number][] = [
    ["a modem", 10_000, 500, 5],
    ["8 Mbit/s", MIB, 50, 10],
    ["just too slow for 10 MiB in 10 s", 0.99 * MIB, 50, 5],
    ["a fast link nearby", 125 * MIB, 1, 10],
    ["a fast link far away", 125 * MIB, 30, 80],
    ["a fast link by satellite", 125 * MIB, 600, 100],
    ["a slow link by satellite", 2 * MIB, 600, 20],
  ];
  for (const [link, bytesPerSecond, roundTripMs, mib] of cases) {
    assert.equal(advice(bytesPerSecond, roundTripMs), mib, link);
  }
});

Deno.test("chunkBytes() follows a link that changes, and keeps the best round trip", () => {
  const gauge = new LinkGauge();
  gauge.addTransfer(100 * MIB, 1_000);
  assert.equal(gauge.chunkBytes(), 10 * MIB);
  for (let time = 0; time < 20; time++) gauge.addTransfer(MIB, 10_000);
  assert.equal(gauge.chunkBytes(), 5 * MIB);
  for (const durationMs of [600, 1, 600]) gauge.addRoundTrip(durationMs);
  for (let time = 0; time < 40; time++) gauge.addTransfer(100 * MIB, 1_000);
  assert.equal(gauge.chunkBytes(), 10 * MIB, "one slow answer does not make the link far");
});

Deno.test("smallerChunk() halves in steps of 10 MiB, then takes the sizes that limits are known at", () => {
  const sizes = [200, 100, 50, 20, 10, 5, 4, 1].map((mib) => (smallerChunk(mib * MIB) ?? 0) / MIB);
  assert.deepEqual(sizes, [100, 50, 20, 10, 5, 4, 1, 0]);
  assert.equal(smallerChunk(10 * MIB + 1), 5 * MIB);
  assert.equal(smallerChunk(3 * MIB), MIB);
});

Deno.test("addCut() keeps parts below what breaks, until it went well for long", () => {
  const gauge = new LinkGauge();
  assert.equal(gauge.addCut(10 * MIB), true);
  assert.equal(gauge.limitBytes, 5 * MIB);
  assert.equal(gauge.addCut(10 * MIB), false, "that teaches nothing more");
  assert.equal(gauge.addCut(5 * MIB), true);
  assert.equal(gauge.addCut(MIB), false, "no part is smaller");
  assert.equal(gauge.limitBytes, 4 * MIB);
  const sizes: number[] = [];
  for (let time = 0; time < 32; time++) {
    gauge.addTransfer(100 * MIB, 1_000);
    sizes.push(gauge.limitBytes / MIB);
  }
  assert.deepEqual([sizes[14], sizes[15], sizes[30], sizes[31]], [4, 8, 8, 16]);
  for (let time = 0; time < 15; time++) gauge.addTransfer(100 * MIB, 1_000);
  gauge.addCut(10 * MIB);
  gauge.addTransfer(100 * MIB, 1_000);
  assert.equal(gauge.limitBytes, 5 * MIB, "a cut starts the count over");
});
