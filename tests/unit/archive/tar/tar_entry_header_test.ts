import assert from "node:assert/strict";
import { tarEntryHeader, tarPadding } from "../../../../lib/archive/tar/tar_entry_header.ts";
import { parsePaxRecords } from "../../../../lib/archive/tar/pax_records.ts";
import { parseTarHeader } from "../../../../lib/archive/tar/tar_header.ts";

const GIB = 2 ** 30;

Deno.test("tarEntryHeader() writes one block that says name and size", () => {
  for (const sizeBytes of [0, 1, 511, 512, 8 * GIB - 1]) {
    const block = tarEntryHeader("blobs/sha256/ab", sizeBytes);
    assert.equal(block.length, 512);
    const { name, type, ...header } = parseTarHeader(block);
    assert.deepEqual([name, type, header.sizeBytes], ["blobs/sha256/ab", "0", sizeBytes]);
  }
});

Deno.test("tarEntryHeader() puts what does not fit into a PAX header", () => {
  const long = `blobs/sha512/${"a".repeat(128)}`;
  for (
    const [name, sizeBytes, expected] of [
      ["blobs/sha256/ab", 8 * GIB, { size: `${8 * GIB}` }],
      ["blobs/sha256/ab", 10 ** 15, { size: `${10 ** 15}` }],
      [long, 5, { path: long }],
      [long, 100 * GIB, { path: long, size: `${100 * GIB}` }],
    ] as const
  ) {
    const bytes = tarEntryHeader(name, sizeBytes);
    assert.equal(bytes.length, 3 * 512);
    const extension = parseTarHeader(bytes.subarray(0, 512));
    assert.equal(extension.type, "x");
    const records = parsePaxRecords(bytes.subarray(512, 512 + extension.sizeBytes));
    assert.deepEqual(Object.fromEntries(records), expected);
    const header = parseTarHeader(bytes.subarray(1024));
    assert.equal(header.name, name.slice(0, 100));
    assert.equal(header.sizeBytes, sizeBytes >= 8 * GIB ? 0 : sizeBytes);
  }
});

Deno.test("tarPadding() fills up the last block", () => {
  const lengths = [0, 1, 511, 512, 513].map((sizeBytes) => tarPadding(sizeBytes).length);
  assert.deepEqual(lengths, [0, 511, 1, 0, 511]);
});
