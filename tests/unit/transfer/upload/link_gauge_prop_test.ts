import assert from "node:assert/strict";
import fc from "fast-check";
import { LinkGauge } from "../../../../lib/transfer/upload/link_gauge.ts";

const MIB = 2 ** 20;

Deno.test("chunkBytes() gives 5 MiB or a multiple of 10 MiB up to 100, whatever was measured", () => {
  const durations = fc.integer({ min: 0, max: 1e7 });
  const measurements = fc.array(fc.oneof(durations, fc.tuple(fc.nat({ max: 2 ** 31 - 1 }), durations)), {
    maxLength: 20,
  });
  fc.assert(fc.property(measurements, (measured) => {
    const gauge = new LinkGauge();
    for (const each of measured) {
      if (typeof each === "number") gauge.addRoundTrip(each);
      else gauge.addTransfer(...each);
    }
    const mib = gauge.chunkBytes() / MIB;
    assert.ok(mib === 5 || mib % 10 === 0 && mib >= 10 && mib <= 100, String(mib));
  }));
});
