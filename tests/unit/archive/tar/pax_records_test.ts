import assert from "node:assert/strict";
import { parsePaxRecords, parsePaxSize } from "../../../../lib/archive/tar/pax_records.ts";
import { toBytes } from "../../../support/archives.ts";

Deno.test("parsePaxRecords() counts the length of a record in bytes, itself included", () => {
  assert.deepEqual(
    parsePaxRecords(toBytes("11 path=é\n9 size=7\n")),
    new Map([["path", "é"], ["size", "7"]]),
  );
});

Deno.test("parsePaxRecords() keeps values with = and newlines, and empty ones", () => {
  assert.deepEqual(
    parsePaxRecords(toBytes("12 a=b=c\nd\n\n5 e=\n")),
    new Map([["a", "b=c\nd\n"], ["e", ""]]),
  );
});

Deno.test("parsePaxRecords() takes the last of equal keywords", () => {
  assert.deepEqual(parsePaxRecords(toBytes("6 a=1\n6 a=2\n")), new Map([["a", "2"]]));
});

Deno.test("parsePaxRecords() refuses records that do not fill their length", () => {
  for (
    const text of [
      "x",
      "6 a=1",
      "7 a=1\n",
      "5 a=1\n",
      "0 a=1\n",
      "06 a=1\n",
      "-6 a=1\n",
      "6 =12\n",
      "6 a12\n",
      "99999999999999999999 a=1\n",
      "6 a=1\n\0\0",
    ]
  ) assert.throws(() => parsePaxRecords(toBytes(text)), { name: "TarFormatError" }, JSON.stringify(text));
});

Deno.test("parsePaxSize() refuses what is no size", () => {
  assert.equal(parsePaxSize("9663676416"), 9 * 2 ** 30);
  for (const value of ["-1", "1.5", "1e3", "0x10", " 1", "9007199254740992", "99999999999999999999999"]) {
    assert.throws(() => parsePaxSize(value), /not plausible/, value);
  }
});
