import assert from "node:assert/strict";
import { createSha, createSha256, sha256Hex } from "../../../lib/util/sha256.ts";

// FIPS 180-4 examples.
const VECTORS: [string, string, string][] = [
  [
    "",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce" +
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
  ],
  [
    "abc",
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  ],
];

Deno.test("createSha() gives the published digests of both algorithms", async () => {
  for (const [text, sha256, sha512] of VECTORS) {
    const bytes = new TextEncoder().encode(text);
    assert.equal(await sha256Hex(bytes), sha256);
    for (const [algorithm, hex] of [["sha256", sha256], ["sha512", sha512]] as const) {
      const hash = await createSha(algorithm);
      hash.update(bytes);
      assert.equal(hash.hex(), hex);
    }
  }
});

Deno.test("createSha256() takes bytes piece by piece from one reused buffer", async () => {
  const hash = await createSha256();
  const buffer = new Uint8Array(1);
  for (const byte of new TextEncoder().encode("abc")) {
    buffer[0] = byte;
    hash.update(buffer);
  }
  buffer[0] = 0;
  assert.equal(hash.hex(), VECTORS[1]![1]);
});
