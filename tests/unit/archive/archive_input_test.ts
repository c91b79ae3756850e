import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import { findInput, openInput } from "../../../lib/archive/archive_input.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { concatBytes, gzip, tarBytes, toBytes } from "../../support/archives.ts";
import { bytesReader } from "../../support/piped_input.ts";
import { testWith } from "../../support/real_parts.ts";
import { runCommand } from "../../support/run_command.ts";
import { seededBytes } from "../../support/seeded_random.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const TAR = tarBytes([{ name: "random", body: seededBytes(200_000) }, {
  name: "even",
  body: "x".repeat(3_000_000),
}]);
/** A frame of metadata, as pzstd writes before the others. */
const SKIPPABLE = new Uint8Array([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

async function readInput(
  bytes: Uint8Array,
  pieceBytes = 5000,
): Promise<{ bytes: Uint8Array; closed: number; readBytes: number }> {
  let closed = 0;
  const parts: Uint8Array[] = [];
  const readBytes = await (async () => {
    await using input = await openInput({
      path: "-",
      read: bytesReader(bytes, pieceBytes),
      close: () => void closed++,
    });
    const buffer = new Uint8Array(70_000);
    for (let count = 0; (count = await input.read(buffer)) > 0;) parts.push(buffer.slice(0, count));
    return input.readBytes;
  })();
  return { bytes: concatBytes(parts), closed, readBytes };
}

function splitAt(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
): [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>] {
  return [bytes.slice(0, at), bytes.slice(at)];
}

const [HEAD, TAIL] = splitAt(TAR, 123_456);
const zstd = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(zstdCompressSync(bytes));
const WAYS: Readonly<Record<string, Uint8Array>> = {
  "no compression": TAR,
  "gzip": await gzip(TAR),
  "gzip of two members": concatBytes([await gzip(HEAD), await gzip(TAIL)]),
  "zstd": zstd(TAR),
  "zstd of two frames": concatBytes([zstd(HEAD), zstd(TAIL)]),
  "zstd with skippable frames": concatBytes([SKIPPABLE, zstd(HEAD), SKIPPABLE, zstd(TAIL)]),
};

for (const [way, bytes] of Object.entries(WAYS)) {
  Deno.test(`openInput() gives what ${way} holds, however it comes`, async () => {
    for (const pieceBytes of [bytes.length > TAR.length / 2 ? 997 : 7, Infinity]) {
      const result = await readInput(bytes, pieceBytes);
      assert.deepEqual(result.bytes, TAR);
      assert.equal(result.readBytes, bytes.length);
      assert.equal(result.closed, 1);
    }
  });
}

for (const program of ["xz", "bzip2", "lz4"] as const) {
  testWith(
    [program],
    `openInput() has ${program} decompress, and tells what is damaged or cut off`,
    async () => {
      await using dir = await makeTempDir();
      await Deno.writeFile(dir.join("a.tar"), TAR);
      await runCommand([
        "sh",
        "-c",
        `${program} -c "$1" > "$2"`,
        "sh",
        dir.join("a.tar"),
        dir.join("packed"),
      ]);
      const packed = await Deno.readFile(dir.join("packed"));
      assert.deepEqual((await readInput(packed)).bytes, TAR);
      await assert.rejects(readInput(packed.subarray(0, packed.length - 100_000)), isDamaged);
    },
  );
}

function isDamaged(error: unknown): boolean {
  assert.ok(isPusherError(error, "ARCHIVE_CORRUPT"), String(error));
  assert.match(error.message, /^Cannot open "-": it cannot be decompressed/);
  return true;
}

Deno.test("openInput() tells what is damaged or cut off", async () => {
  const whole = await gzip(TAR);
  const damaged = whole.slice();
  damaged.fill(0xff, 1000, 2000);
  for (const bytes of [damaged, whole.subarray(0, 5000), whole.subarray(0, whole.length - 1)]) {
    await assert.rejects(readInput(bytes), isDamaged);
  }
});

Deno.test("openInput() says why reading fails, compressed or not", async () => {
  for (const start of [TAR.subarray(0, 512), (await gzip(TAR)).subarray(0, 5000)]) {
    const read = bytesReader(start);
    const failing = async (into: Uint8Array): Promise<number> => {
      const count = await read(into);
      if (count === 0) throw new Deno.errors.NotConnected("Is a directory (os error 21)");
      return count;
    };
    await using input = await openInput({ path: "-", read: failing, close: () => {} });
    const readOn = async (): Promise<void> => {
      while (await input.read(new Uint8Array(2 ** 20)) > 0);
    };
    await assert.rejects(readOn(), /Cannot open "-": reading failed: is a directory/);
  }
});

Deno.test("openInput() holds back what nobody takes: a bomb is not inflated", async () => {
  const bomb = await gzip(new Uint8Array(200 * 2 ** 20));
  let readBytes = 0;
  const read = bytesReader(bomb, 1000);
  const counting = async (into: Uint8Array): Promise<number> => {
    const count = await read(into);
    readBytes += count;
    return count;
  };
  await using input = await openInput({ path: "-", read: counting, close: () => {} });
  for (let reads = 0; reads < 1000; reads++) await input.read(new Uint8Array(100));
  assert.ok(readBytes < bomb.length / 2, `${readBytes} of ${bomb.length} bytes`);
});

Deno.test("findInput() tells what can be read only once", async () => {
  await using dir = await makeTempDir();
  await Deno.writeFile(dir.join("plain"), TAR);
  await Deno.writeFile(dir.join("packed"), await gzip(TAR));
  await Deno.writeFile(dir.join("text"), toBytes("no archive"));
  for (const name of ["plain", "text", ".", "missing"]) {
    assert.equal(await findInput(dir.join(name)), undefined, name);
  }
  const found = await findInput(dir.join("packed"));
  const start = new Uint8Array(2);
  assert.equal(await found?.read(start), 2);
  assert.deepEqual([...start], [0x1f, 0x8b]);
  found?.close();
  found?.close();
});
