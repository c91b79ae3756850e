import assert from "node:assert/strict";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { compressStream } from "../../../lib/util/compress_stream.ts";
import { BLOCK_BYTES, type CompressionMethod, CompressorPool } from "../../../lib/util/compressor_pool.ts";
import { sha256Hex } from "../../../lib/util/sha256.ts";
import { runCommand } from "../../support/run_command.ts";
import { testWith } from "../../support/real_parts.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { compressAll, patternBytes, streamOf } from "../../support/compressing.ts";

const GZIP: CompressionMethod = { format: "gzip", level: 3 };
const ZSTD: CompressionMethod = { format: "zstd", level: 3 };
const BLOCKS_AND_A_BIT = 3 * BLOCK_BYTES + 12_345;

Deno.test("compressStream() gives one gzip member with fixed head, checksum and size", async () => {
  const plain = patternBytes(BLOCKS_AND_A_BIT);
  using pool = new CompressorPool(2);
  const compressed = await compressAll(streamOf(plain), { method: GZIP, pool });
  assert.deepEqual(compressed.subarray(0, 10), Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255));
  assert.equal(new DataView(compressed.buffer).getUint32(compressed.length - 4, true), plain.length);
  assert.deepEqual(new Uint8Array(gunzipSync(compressed)), plain);
});

Deno.test("compressStream() gives zstd frames that need no more than a block's memory", async () => {
  const plain = patternBytes(BLOCKS_AND_A_BIT);
  using pool = new CompressorPool(2);
  const compressed = await compressAll(streamOf(plain), { method: ZSTD, pool });
  assert.deepEqual(compressed.subarray(0, 4), Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd));
  // RFC 8878, 3.1.1.1.2: exponent 10 and no mantissa stand for 1 MiB.
  assert.equal(compressed[5], 10 << 3);
  assert.deepEqual(new Uint8Array(zstdDecompressSync(compressed)), plain);
});

for (const method of [GZIP, ZSTD]) {
  Deno.test(`compressStream() gives the same ${method.format} whatever the threads and chunks are`, async () => {
    const plain = patternBytes(BLOCKS_AND_A_BIT);
    const digests = new Set<string>();
    for (const [threads, chunkBytes] of [[1, 65_537], [2, BLOCK_BYTES], [3, 262_144]] as const) {
      using pool = new CompressorPool(threads);
      digests.add(await sha256Hex(await compressAll(streamOf(plain, chunkBytes), { method, pool })));
    }
    assert.equal(digests.size, 1);
  });

  Deno.test(`compressStream() gives other ${method.format} at another level`, async () => {
    const plain = patternBytes(BLOCK_BYTES);
    using pool = new CompressorPool(1);
    const low = await compressAll(streamOf(plain), { method: { ...method, level: 1 }, pool });
    const high = await compressAll(streamOf(plain), { method: { ...method, level: 9 }, pool });
    assert.notEqual(high.length, low.length);
  });

  Deno.test(`compressStream() makes hardly more of bytes that ${method.format} cannot compress`, async () => {
    const plain = new Uint8Array(2 * BLOCK_BYTES);
    for (let at = 0; at < plain.length; at += 65_536) crypto.getRandomValues(plain.subarray(at, at + 65_536));
    using pool = new CompressorPool(2);
    const compressed = await compressAll(streamOf(plain), { method, pool });
    assert.ok(compressed.length < plain.length + 2_048, `${compressed.length}`);
  });

  testWith([method.format], `compressStream() gives what ${method.format} itself reads`, async () => {
    await using dir = await makeTempDir();
    const plain = patternBytes(BLOCKS_AND_A_BIT);
    using pool = new CompressorPool(2);
    for (const [name, bytes] of [["some", plain], ["none", plain.subarray(0, 0)]] as const) {
      await Deno.writeFile(dir.join(name), await compressAll(streamOf(bytes), { method, pool }));
      await runCommand([
        "sh",
        "-c",
        `${method.format} -dc < "$1" > "$2"`,
        "",
        dir.join(name),
        dir.join("plain"),
      ]);
      assert.deepEqual(await Deno.readFile(dir.join("plain")), bytes);
    }
  });
}

Deno.test("compressStream() fails as its source fails", async () => {
  using pool = new CompressorPool(1);
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error("the disk is gone"));
    },
  }, { highWaterMark: 0 });
  await assert.rejects(compressAll(broken, { method: GZIP, pool }), /the disk is gone/);
});

Deno.test("compressStream() cancels its source when nobody wants more", async () => {
  using pool = new CompressorPool(2);
  let isCanceled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
    cancel: () => void (isCanceled = true),
  }, { highWaterMark: 0 });
  for await (const chunk of compressStream(endless, { method: ZSTD, pool })) if (chunk.length > 0) break;
  assert.ok(isCanceled);
});

Deno.test("compressStream() reads no more than threads and one block ahead", async () => {
  using pool = new CompressorPool(2);
  let readBytes = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      readBytes += BLOCK_BYTES;
      controller.enqueue(new Uint8Array(BLOCK_BYTES));
    },
  }, { highWaterMark: 0 });
  const compressed = compressStream(endless, { method: GZIP, pool });
  await compressed.next();
  await compressed.next();
  assert.equal(readBytes, 3 * BLOCK_BYTES);
  await compressed.return();
});
