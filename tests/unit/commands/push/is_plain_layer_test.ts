import assert from "node:assert/strict";
import { isPlainLayer } from "../../../../lib/commands/push/is_plain_layer.ts";
import { gzip, layerBytes, tarBytes } from "../../../support/archives.ts";
import { MemoryBlobs } from "../../transfer/memory_blobs.ts";

for (
  const [what, bytes, expected] of [
    ["a tar archive", layerBytes("text"), true],
    ["an empty tar archive", new Uint8Array(1_024), true],
    ["nothing", new Uint8Array(), true],
    [
      "a tar archive of a file called like gzip's first bytes",
      tarBytes([{ name: "\x1f\x8b\x08", body: "x" }]),
      true,
    ],
    ["gzip under the type of a plain layer", await gzip(layerBytes("text")), false],
    ["zstd under the type of a plain layer", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0), false],
  ] as const
) {
  Deno.test(`isPlainLayer() says ${expected} of ${what}`, async () => {
    const blobs = new MemoryBlobs(100);
    const layer = await blobs.add(bytes);
    assert.equal(await isPlainLayer(blobs, layer), expected);
    assert.ok(blobs.readBytes <= 512, `${blobs.readBytes}`);
  });
}
