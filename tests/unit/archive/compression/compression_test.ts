import assert from "node:assert/strict";
import { sniffCompression } from "../../../../lib/archive/compression/compression.ts";
import { gzip, layerBytes } from "../../../support/archives.ts";

Deno.test("sniffCompression() knows each format by its first bytes", () => {
  for (
    const [hex, compression] of [
      ["1f8b0800", "gzip"],
      ["28b52ffd", "zstd"],
      ["502a4d18", "zstd"],
      ["5f2a4d18", "zstd"],
      ["425a6839", "bzip2"],
      ["fd377a585a00", "xz"],
      ["04224d18", "lz4"],
    ] as const
  ) assert.equal(sniffCompression(Uint8Array.fromHex(hex)), compression, hex);
});

Deno.test("sniffCompression() finds none in other data", async () => {
  assert.equal(sniffCompression(await gzip(layerBytes("a"))), "gzip");
  for (const hex of ["", "1f", "1f8b", "602a4d18", "fd377a585a", "00000000"]) {
    assert.equal(sniffCompression(Uint8Array.fromHex(hex)), undefined, hex);
  }
});
