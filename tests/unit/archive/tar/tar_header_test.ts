import assert from "node:assert/strict";
import {
  hasTarChecksum,
  isZeroBlock,
  parseTarHeader,
  parseTarText,
} from "../../../../lib/archive/tar/tar_header.ts";
import { tarHeader, toBytes } from "../../../support/archives.ts";

Deno.test("parseTarHeader() takes the prefix in POSIX format only", () => {
  assert.equal(parseTarHeader(tarHeader({ name: "b", prefix: "a" })).name, "a/b");
  assert.equal(parseTarHeader(tarHeader({ name: "b", prefix: "a", format: "gnu" })).name, "b");
  assert.equal(parseTarHeader(tarHeader({ name: "b", prefix: "a", format: "v7" })).name, "b");
});

Deno.test("parseTarHeader() fails on a wrong checksum", () => {
  const header = tarHeader({ name: "a" });
  header[0] = 0x62;
  assert.throws(() => parseTarHeader(header), /the checksum is wrong/);
});

Deno.test("hasTarChecksum() accepts sums of signed bytes, as old tars wrote them", () => {
  const header = tarHeader({ name: "é" });
  const unsigned = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  const signed = unsigned - 2 * 256;
  header.set(toBytes(signed.toString(8).padStart(6, "0")), 148);
  assert(hasTarChecksum(header));
});

Deno.test("hasTarChecksum() is false for other data", () => {
  assert(!hasTarChecksum(toBytes("x".repeat(512))));
  assert(!hasTarChecksum(tarHeader({ name: "a" }).subarray(0, 511)));
  assert(!hasTarChecksum(new Uint8Array(512)));
});

Deno.test("isZeroBlock() is true for zeros only", () => {
  assert(isZeroBlock(new Uint8Array(512)));
  assert(!isZeroBlock(toBytes("\0\0\u{1}")));
});

Deno.test("parseTarText() ends at a NUL and keeps a byte order mark, since names are compared", () => {
  assert.equal(parseTarText(toBytes("abc\0def")), "abc");
  assert.equal(parseTarText(toBytes("abc")), "abc");
  assert.equal(parseTarText(toBytes("\u{feff}a")), "\u{feff}a");
});
