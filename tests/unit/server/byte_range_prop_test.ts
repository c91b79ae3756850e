import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parseByteRange } from "../../../lib/server/byte_range.ts";

const position = fc.nat({ max: 300 });
const sizes = fc.integer({ min: 1, max: 200 });

Deno.test("parseByteRange() means the same bytes as the array of them does", () => {
  const ranges = fc.oneof(
    fc.tuple(position, position).map(([first, last]) => ({ first, last, text: `${first}-${last}` })),
    position.map((first) => ({ first, last: Infinity, text: `${first}-` })),
  );
  fc.assert(fc.property(ranges, sizes, ({ first, last, text }, sizeBytes) => {
    const bytes = Array.from({ length: sizeBytes }, (_, at) => at);
    const wanted = bytes.filter((at) => at >= first && at <= last);
    const range = parseByteRange(`bytes=${text}`, sizeBytes);
    if (last < first) assert.equal(range, "whole");
    else if (wanted.length === 0) assert.equal(range, "unsatisfiable");
    else assert.deepEqual(range, { offsetBytes: wanted[0], lengthBytes: wanted.length });
  }));
});

Deno.test("parseByteRange() gives the last bytes, at most all", () => {
  fc.assert(fc.property(position, sizes, (count, sizeBytes) => {
    const lengthBytes = Math.min(count, sizeBytes);
    assert.deepEqual(
      parseByteRange(`bytes=-${count}`, sizeBytes),
      count === 0 ? "unsatisfiable" : { offsetBytes: sizeBytes - lengthBytes, lengthBytes },
    );
  }));
});

Deno.test("parseByteRange() stays inside the content, whatever it is asked", () => {
  const headers = fc.oneof(
    fc.string(),
    fc.stringMatching(/^bytes=[0-9,\- a-z]{0,40}$/),
    fc.tuple(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n })).map(([a, b]) => `bytes=${a}-${b}`),
  );
  fc.assert(fc.property(headers, fc.nat(), (header, sizeBytes) => {
    const range = parseByteRange(header, sizeBytes);
    if (typeof range === "string") return;
    assert.ok(range.offsetBytes >= 0 && range.lengthBytes >= 1);
    assert.ok(range.offsetBytes + range.lengthBytes <= sizeBytes);
  }));
});

Deno.test("parseByteRange() leaves other units and several ranges alone", () => {
  for (const header of [null, "", "bytes=", "bytes=-", "octets=0-1", "bytes=0-1,3-4", "bytes= 0-1"]) {
    assert.equal(parseByteRange(header, 10), "whole");
  }
});
