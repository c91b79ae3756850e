import assert from "node:assert/strict";
import {
  isInBlock,
  parseAddress,
  parseAddressBlock,
} from "../../../../lib/registry/connection/ip_address.ts";

Deno.test("parseAddress() reads IPv4 and IPv6 in every form a URL may have", () => {
  const cases: [string, number[] | undefined][] = [
    ["10.0.0.1", [10, 0, 0, 1]],
    ["255.255.255.255", [255, 255, 255, 255]],
    ["::1", [...new Array(15).fill(0), 1]],
    ["[::1]", [...new Array(15).fill(0), 1]],
    ["2001:db8::ff:1", [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 1]],
    ["1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ["::ffff:10.0.0.1", [10, 0, 0, 1]],
    ["256.0.0.1", undefined],
    ["10.0.0", undefined],
    ["registry.example.com", undefined],
    ["::1::2", undefined],
    ["registry:5000", undefined],
    ["", undefined],
  ];
  for (const [text, bytes] of cases) {
    assert.deepEqual(parseAddress(text), bytes && Uint8Array.from(bytes), text);
  }
});

Deno.test("isInBlock() knows the edges of a block", () => {
  const cases: [string, string, boolean][] = [
    ["10.255.255.255", "10.0.0.0/8", true],
    ["11.0.0.0", "10.0.0.0/8", false],
    ["172.31.255.255", "172.16.0.0/12", true],
    ["172.32.0.0", "172.16.0.0/12", false],
    ["8.8.8.8", "0.0.0.0/0", true],
    ["10.0.0.1", "10.0.0.1/32", true],
    ["10.0.0.2", "10.0.0.1/32", false],
    ["fdff::1", "fd00::/8", true],
    ["fe00::1", "fd00::/8", false],
    ["::1", "0.0.0.0/0", false],
    ["::ffff:10.0.0.1", "10.0.0.0/8", true],
  ];
  for (const [address, block, isIn] of cases) {
    assert.equal(
      isInBlock(parseAddress(address)!, parseAddressBlock(block)!),
      isIn,
      `${address} in ${block}`,
    );
  }
});

Deno.test("parseAddressBlock() refuses what is no block", () => {
  for (const text of ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "host/8", "/8"]) {
    assert.equal(parseAddressBlock(text), undefined, text);
  }
});
