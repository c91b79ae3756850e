import assert from "node:assert/strict";
import fc from "fast-check";
import { hasTarChecksum, parseTarHeader } from "../../../../lib/archive/tar/tar_header.ts";
import { parsePaxRecords } from "../../../../lib/archive/tar/pax_records.ts";
import { paxRecords, tarHeader } from "../../../support/archives.ts";

/** Text that fits into a field: no NUL, not empty. */
function fieldText(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ minLength: 1, maxLength, unit: "binary-ascii" }).filter((text) => !text.includes("\0"));
}

Deno.test("parseTarHeader() gives back what was written, for every name, type and size", () => {
  const sizes = fc.oneof(
    fc.record({ sizeFormat: fc.constant("octal" as const), sizeBytes: fc.nat({ max: 8 ** 11 - 1 }) }),
    fc.record({
      sizeFormat: fc.constant("octal12" as const),
      sizeBytes: fc.maxSafeNat().map((n) => n % 8 ** 12),
    }),
    fc.record({ sizeFormat: fc.constant("base256" as const), sizeBytes: fc.maxSafeNat() }),
  );
  const headers = fc.record({
    name: fieldText(100),
    type: fc.constantFrom("0", "1", "2", "5", "x", "L", "S"),
    linkTarget: fieldText(100),
    format: fc.constantFrom("ustar" as const, "gnu" as const, "v7" as const),
    prefix: fieldText(155),
  });
  fc.assert(fc.property(headers, sizes, (header, size) => {
    const parsed = parseTarHeader(tarHeader({ ...header, ...size }));
    assert.equal(parsed.name, header.format === "ustar" ? `${header.prefix}/${header.name}` : header.name);
    assert.equal(parsed.type, header.type);
    assert.equal(parsed.sizeBytes, size.sizeBytes);
    assert.equal(parsed.linkTarget, header.linkTarget);
  }));
});

Deno.test("hasTarChecksum() notices every changed byte", () => {
  const header = tarHeader({ name: "blobs/sha256/abc", sizeBytes: 12345 });
  // The field of the checksum itself has several spellings of one number.
  const places = fc.oneof(fc.nat({ max: 147 }), fc.integer({ min: 156, max: 511 }));
  fc.assert(fc.property(places, fc.integer({ min: 1, max: 255 }), (at, change) => {
    const damaged = header.slice();
    damaged[at]! ^= change;
    assert(!hasTarChecksum(damaged));
  }));
});

Deno.test("parsePaxRecords() gives back what was written, whatever its length and characters", () => {
  const keyword = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }).filter((text) =>
    !/[=\n ]/.test(text)
  );
  const value = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.nat({ max: 1200 }).map((length) => "v".repeat(length)),
  );
  fc.assert(fc.property(fc.dictionary(keyword, value), (records) => {
    assert.deepEqual(parsePaxRecords(paxRecords(records)), new Map(Object.entries(records)));
  }));
});
