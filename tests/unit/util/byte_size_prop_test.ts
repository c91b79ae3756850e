import assert from "node:assert/strict";
import fc from "fast-check";
import { formatByteSize, parseByteSize } from "../../../lib/util/byte_size.ts";

Deno.test("formatByteSize() gives at most 8 characters that parse back to within 0.6 %", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 999 * 2 ** 30 }), (sizeBytes) => {
    const text = formatByteSize(sizeBytes);
    assert.ok(text.length <= 8, text);
    const parsed = parseByteSize(text);
    assert.ok(parsed !== undefined, text);
    assert.ok(Math.abs(parsed - sizeBytes) <= sizeBytes * 0.006, `${sizeBytes} became ${text}`);
  }));
});

Deno.test("parseByteSize() gives back every whole number of bytes", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (sizeBytes) => {
    assert.equal(parseByteSize(String(sizeBytes)), sizeBytes);
  }));
});
