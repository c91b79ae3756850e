import assert from "node:assert/strict";
import { RateWindow } from "../../../../lib/transfer/progress/rate_window.ts";

Deno.test("RateWindow.bytesPerSecond() is 0 before anything moved", () => {
  assert.equal(new RateWindow().bytesPerSecond(1_000), 0);
});

Deno.test("RateWindow.bytesPerSecond() does not explode over the first bytes", () => {
  const rate = new RateWindow();
  rate.add(1_000, 0);
  assert.equal(rate.bytesPerSecond(1), 1_000);
});

Deno.test("RateWindow.bytesPerSecond() is steady for a steady stream, however small its pieces", () => {
  const rate = new RateWindow();
  for (let atMs = 0; atMs < 60_000; atMs += 10) rate.add(10, atMs);
  const measured = rate.bytesPerSecond(60_000);
  assert(measured > 950 && measured <= 1_050, `${measured}`);
});

Deno.test("RateWindow.bytesPerSecond() falls to 0 when nothing moves any more", () => {
  const rate = new RateWindow();
  for (let atMs = 0; atMs < 5_000; atMs += 100) rate.add(100, atMs);
  assert(rate.bytesPerSecond(9_000) < rate.bytesPerSecond(5_000));
  assert.equal(rate.bytesPerSecond(20_000), 0);
});
