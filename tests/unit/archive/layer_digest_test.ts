import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import { digestCompressedLayer, startDiffId } from "../../../lib/archive/layer_digest.ts";
import { digestOf } from "../../../lib/spec/digest.ts";
import { concatBytes, gzip, layerBytes } from "../../support/archives.ts";

/** Gives bytes in pieces that all come in the same buffer. */
function reusedBuffer(bytes: Uint8Array, pieceBytes: number): ReadableStream<Uint8Array> {
  const buffer = new Uint8Array(pieceBytes);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      buffer.fill(0xff);
      const piece = bytes.subarray(at, at + pieceBytes);
      if (piece.length === 0) return controller.close();
      buffer.set(piece);
      at += piece.length;
      controller.enqueue(buffer.subarray(0, piece.length));
    },
  }, { highWaterMark: 0 });
}

const LAYER = layerBytes("hello ".repeat(100_000));

Deno.test("digestCompressedLayer() finds both digests though buffers are reused", async () => {
  for (
    const [compression, bytes] of [
      ["gzip", await gzip(LAYER)],
      ["gzip", concatBytes([await gzip(LAYER.slice(0, 1000)), await gzip(LAYER.slice(1000))])],
      ["zstd", new Uint8Array(zstdCompressSync(LAYER))],
      [
        "zstd",
        concatBytes([zstdCompressSync(LAYER.subarray(0, 1000)), zstdCompressSync(LAYER.subarray(1000))]),
      ],
    ] as const
  ) {
    assert.deepEqual(
      await digestCompressedLayer(reusedBuffer(bytes, 100), compression),
      { digest: await digestOf(bytes), diffId: await digestOf(LAYER) },
    );
  }
});

Deno.test("digestCompressedLayer() fails on what cannot be decompressed, and ends the stream", async () => {
  const whole = await gzip(LAYER);
  const damaged = whole.slice();
  damaged.fill(0xff, 100, 200);
  for (const bytes of [damaged, whole.subarray(0, 500), concatBytes([whole, new Uint8Array(300).fill(1)])]) {
    await assert.rejects(digestCompressedLayer(reusedBuffer(bytes, 64), "gzip"));
  }
});

Deno.test("digestCompressedLayer() fails as its stream fails", async () => {
  const stream = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error("disk")) });
  await assert.rejects(digestCompressedLayer(stream, "gzip"), { message: "disk" });
});

Deno.test("startDiffId() gives up on what decompresses to far more than a layer would", async () => {
  const bomb = new Uint8Array(zstdCompressSync(new Uint8Array(8 * 2 ** 20)));
  assert(bomb.length < 2000, "small");
  using patient = await startDiffId("zstd");
  await patient.write(bomb);
  using strict = await startDiffId("zstd", { maxInflatedBytes: 2 ** 20 });
  await assert.rejects(strict.write(bomb), /it decompresses to more than \d+ bytes/);
});
