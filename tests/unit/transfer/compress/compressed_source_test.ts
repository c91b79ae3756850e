import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { isPusherError } from "../../../../lib/errors.ts";
import { digestOf, sha256Digest } from "../../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { CompressedSource } from "../../../../lib/transfer/compress/compressed_source.ts";
import { BLOCK_BYTES, CompressorPool } from "../../../../lib/util/compressor_pool.ts";
import { patternBytes } from "../../../support/compressing.ts";
import { MemoryBlobs } from "../memory_blobs.ts";

const METHOD = { format: "gzip", level: 3 } as const;
const PLAIN = patternBytes(2 * BLOCK_BYTES + 1_000);

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk.slice());
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

Deno.test("CompressedSource gives layers compressed, from any byte on, and other blobs as they are", async () => {
  using pool = new CompressorPool(2);
  const blobs = new MemoryBlobs(65_536);
  const plain = await blobs.add(PLAIN);
  const other = await blobs.add(new TextEncoder().encode("config"));
  const source = new CompressedSource(blobs, { method: METHOD, pool });
  const into = new Uint8Array(4 * BLOCK_BYTES);
  const whole = into.subarray(0, await readAll(source, plain, into));
  assert.deepEqual(new Uint8Array(gunzipSync(whole)), PLAIN);

  const found = { digest: await digestOf(whole), size: whole.length };
  source.add(plain, found);
  const blob = { mediaType: MEDIA_TYPE.ociLayerGzip, ...found };
  assert.deepEqual(await bytesOf(source.openBlob(blob)), new Uint8Array(whole));
  const offsetBytes = Math.floor(whole.length / 2);
  assert.deepEqual(await bytesOf(source.openBlob(blob, { offsetBytes })), whole.slice(offsetBytes));
  const range = { offsetBytes: 5, lengthBytes: 7 };
  assert.deepEqual(await bytesOf(source.openBlob(blob, range)), whole.slice(5, 12));
  assert.equal(new TextDecoder().decode(await bytesOf(source.openBlob(other))), "config");
  assert.equal(source.identityOf(blob), "memory as gzip:3");
  assert.equal(source.identityOf(other), "memory");
});

for (const [what, bytes] of [["a layer", PLAIN], ["an empty layer", new Uint8Array()]] as const) {
  Deno.test(`CompressedSource.compress() fails at the end of ${what} that is not what its digest says`, async () => {
    using pool = new CompressorPool(1);
    const blobs = new MemoryBlobs(65_536);
    const plain = await blobs.add(bytes, sha256Digest("0".repeat(64)));
    const source = new CompressedSource(blobs, { method: METHOD, pool });
    await assert.rejects(
      readAll(source, plain, new Uint8Array(4 * BLOCK_BYTES)),
      (error) => isPusherError(error, "DIGEST_MISMATCH"),
    );
  });
}

Deno.test("CompressedSource.compress() tells of plain bytes as they are read", async () => {
  using pool = new CompressorPool(1);
  const blobs = new MemoryBlobs(65_536);
  const plain = await blobs.add(PLAIN);
  const source = new CompressedSource(blobs, { method: METHOD, pool });
  let toldBytes = 0;
  await using chunks = source.compress(plain, (sizeBytes) => toldBytes += sizeBytes);
  await chunks.read(new Uint8Array(4 * BLOCK_BYTES));
  assert.equal(toldBytes, PLAIN.length);
});

async function readAll(
  source: CompressedSource,
  plain: Awaited<ReturnType<MemoryBlobs["add"]>>,
  into: Uint8Array,
): Promise<number> {
  await using chunks = source.compress(plain);
  return await chunks.read(into);
}
