import assert from "node:assert/strict";
import { formatByteSize, parseByteSize } from "../../../lib/util/byte_size.ts";

Deno.test("parseByteSize() reads decimal and binary units in any case", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["5242880", 5242880],
    ["1b", 1],
    ["1k", 1000],
    ["1KB", 1000],
    ["1KiB", 1024],
    ["10MB", 10_000_000],
    ["20MiB", 20 * 2 ** 20],
    ["20mib", 20 * 2 ** 20],
    ["1g", 1e9],
    ["1.5GiB", 1.5 * 2 ** 30],
    [" 7 MiB ", 7 * 2 ** 20],
    ["0.1k", 100],
  ];
  for (const [text, sizeBytes] of cases) assert.equal(parseByteSize(text), sizeBytes, text);
});

Deno.test("parseByteSize() refuses what is not a size", () => {
  const texts = [
    "",
    " ",
    "MiB",
    "-1",
    "+1",
    "1e3",
    "0x10",
    "1.",
    ".5",
    "1,5MB",
    "1 2",
    "1MiBs",
    "1 tib",
    "NaN",
    "Infinity",
    "9999999999GiB",
    // Names that every object has.
    "1constructor",
    "1toString",
    "1__proto__",
  ];
  for (const text of texts) assert.equal(parseByteSize(text), undefined, JSON.stringify(text));
});

Deno.test("formatByteSize() keeps three digits and never shows four before the point", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [1, "1 B"],
    [999, "999 B"],
    [1000, "0.98 KiB"],
    [1023, "1.00 KiB"],
    [1024, "1.00 KiB"],
    [10 * 1024 - 1, "10.0 KiB"],
    [100 * 1024 - 1, "100 KiB"],
    [999.4 * 1024, "999 KiB"],
    [999.6 * 1024, "0.98 MiB"],
    [2 ** 20 - 1, "1.00 MiB"],
    [1.21 * 2 ** 30, "1.21 GiB"],
    [2 ** 40, "1.00 TiB"],
    [999 * 2 ** 40, "999 TiB"],
    [5000 * 2 ** 40, "5000 TiB"],
  ];
  for (const [sizeBytes, text] of cases) assert.equal(formatByteSize(sizeBytes), text);
});
