import assert from "node:assert/strict";
import { type Digest, digestOf, isDigest, sha256Digest, shortDigest } from "../../../lib/spec/digest.ts";

const HEX = "0123456789abcdef".repeat(4);

Deno.test("isDigest() takes full lower-case SHA-256 and SHA-512 digests only", () => {
  for (const text of [`sha256:${HEX}`, `sha512:${HEX}${HEX}`]) assert.equal(isDigest(text), true, text);
  const others = [
    "",
    HEX,
    `sha256:${HEX.slice(1)}`,
    `sha256:${HEX}0`,
    `sha256:${HEX.toUpperCase()}`,
    `SHA256:${HEX}`,
    `sha256:${HEX}\n`,
    ` sha256:${HEX}`,
    `sha512:${HEX}`,
    `sha384:${HEX}${HEX.slice(0, 32)}`,
    `md5:${HEX.slice(0, 32)}`,
    `blake3:${HEX}`,
    `sha256:../../../../../../etc/passwd`,
    `sha256:${HEX.slice(2)}%2`,
  ];
  for (const text of others) assert.equal(isDigest(text), false, JSON.stringify(text));
});

Deno.test("digestOf() names bytes by their SHA-256", async () => {
  const digest = await digestOf(new TextEncoder().encode("abc"));
  assert.equal(digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

Deno.test("sha256Digest() refuses what is not 64 digits", () => {
  assert.equal(sha256Digest(HEX), `sha256:${HEX}`);
  for (const hex of ["", HEX.slice(1), HEX.toUpperCase(), `${HEX.slice(1)}/`]) {
    assert.throws(() => sha256Digest(hex), RangeError, hex);
  }
});

Deno.test("shortDigest() gives the first twelve digits of either algorithm", () => {
  assert.equal(shortDigest(`sha256:${HEX}` as Digest), "0123456789ab");
  assert.equal(shortDigest(`sha512:${HEX}${HEX}` as Digest), "0123456789ab");
});
