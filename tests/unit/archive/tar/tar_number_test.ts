import assert from "node:assert/strict";
import { TarFormatError } from "../../../../lib/archive/tar/tar_format_error.ts";
import { parseTarNumber } from "../../../../lib/archive/tar/tar_number.ts";
import { toBytes } from "../../../support/archives.ts";

Deno.test("parseTarNumber() reads octal digits in every form that writers use", () => {
  for (
    const [text, value] of [
      ["00000000010\0", 8],
      ["      10    ", 8],
      ["\0\0 10\0\0\0\0\0\0\0", 8],
      ["10\0 \0 \0\0\0\0\0\0", 8],
      ["            ", 0],
      ["\0\0\0\0\0\0\0\0\0\0\0\0", 0],
    ] as const
  ) assert.equal(parseTarNumber(toBytes(text)), value, JSON.stringify(text));
});

Deno.test("parseTarNumber() reads twelve octal digits without a terminator", () => {
  assert.equal(parseTarNumber(toBytes("110000000000")), 9 * 2 ** 30);
});

Deno.test("parseTarNumber() reads what GNU tar writes for 9 GiB", () => {
  assert.equal(parseTarNumber(Uint8Array.fromHex("800000000000000240000000")), 9 * 2 ** 30);
});

Deno.test("parseTarNumber() refuses what is no size", () => {
  for (
    const [field, reason] of [
      [toBytes("00000000008\0"), /not octal/],
      [toBytes("-0000000001\0"), /not octal/],
      [toBytes("0000\u{0}000001\0"), /not octal/],
      [Uint8Array.fromHex("ffffffffffffffffffffffff"), /negative/],
      [Uint8Array.fromHex("c00000000000000000000000"), /negative/],
      [Uint8Array.fromHex("800000004000000000000000"), /too large/],
      [Uint8Array.fromHex("bfffffffffffffffffffffff"), /too large/],
    ] as const
  ) {
    assert.throws(
      () => parseTarNumber(field),
      (error) => error instanceof TarFormatError && reason.test(error.message),
      field.toHex(),
    );
  }
});
