import assert from "node:assert/strict";
import {
  formatDone,
  formatDuration,
  formatPercent,
  formatRate,
  share,
  shortDigest,
} from "../../../../lib/cli/ui/measures.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

for (
  const [durationMs, expected] of [
    [0, "0s"],
    [1, "1s"],
    [59.2 * SECOND, "1m00s"],
    [125 * SECOND, "2m05s"],
    [HOUR - 1, "1h00m"],
    [HOUR + 60 * SECOND, "1h01m"],
    [24 * HOUR, "1d00h"],
    [76 * HOUR, "3d04h"],
  ] as const
) {
  Deno.test(`formatDuration() writes ${durationMs} ms as ${expected}`, () => {
    assert.equal(formatDuration(durationMs), expected);
  });
}

Deno.test("formatDone() writes what is done in the unit of the whole", () => {
  assert.equal(formatDone(0, 999), "0/999 B");
  assert.equal(formatDone(512 * 2 ** 10, 45.6 * 2 ** 20), "0.5/45.6 MiB");
  assert.equal(formatDone(2 ** 29, 1.21 * 2 ** 30), "0.50/1.21 GiB");
  assert.equal(formatDone(2 ** 30, undefined), "1.00 GiB");
});

Deno.test("formatDone() shows the whole at most", () => {
  assert.equal(formatDone(200, 100), "100/100 B");
  assert.equal(formatDone(0, 0), "0/0 B");
});

Deno.test("formatDone() fits its column", () => {
  for (let exponent = 0; exponent < 45; exponent++) {
    for (const factor of [1, 1.3, 1.999]) {
      const sizeBytes = Math.round(factor * 2 ** exponent);
      assert(formatDone(sizeBytes, sizeBytes).length <= 13, formatDone(sizeBytes, sizeBytes));
    }
  }
});

Deno.test("formatRate() writes bytes per second", () => {
  assert.equal(formatRate(12.3 * 2 ** 20), "12.3 MiB/s");
});

Deno.test("formatPercent() says 100% only of the whole", () => {
  assert.equal(formatPercent(999_999, 1_000_000), "99%");
  assert.equal(formatPercent(1_000_000, 1_000_000), "100%");
  assert.equal(formatPercent(0, 0), "100%");
});

Deno.test("share() is never more than the whole", () => {
  assert.equal(share(3, 2), 1);
  assert.equal(share(1, 2), 0.5);
});

Deno.test("shortDigest() takes 12 digits of digests and leaves names alone", () => {
  assert.equal(shortDigest(`sha256:${"0123456789ab".padEnd(64, "0")}`), "0123456789ab");
  assert.equal(shortDigest(`sha512:${"a".repeat(128)}`), "aaaaaaaaaaaa");
  assert.equal(shortDigest("nginx:latest"), "nginx:latest");
});
