import assert from "node:assert/strict";
import { FileHashes } from "../../../lib/util/file_hashes.ts";
import { sha256Hex } from "../../../lib/util/sha256.ts";
import { seededBytes } from "../../support/seeded_random.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const LARGE_BYTES = 16 * 2 ** 20;
const { signal } = new AbortController();

Deno.test("FileHashes hashes small files here and large ones in threads, more than there are threads", async () => {
  await using dir = await makeTempDir();
  using hashes = new FileHashes(2);
  const sizes = [0, 1_000_003, LARGE_BYTES, LARGE_BYTES + 1, LARGE_BYTES + 2];
  await Promise.all(sizes.map(async (sizeBytes) => {
    const path = dir.join(`${sizeBytes}`);
    const bytes = seededBytes(sizeBytes);
    await Deno.writeFile(path, bytes);
    const hex = await hashes.hex(path, { sizeBytes, algorithm: "sha256", signal });
    assert.equal(hex, await sha256Hex(bytes));
  }));
});

for (const maxThreads of [0, 1]) {
  Deno.test(`FileHashes knows nothing of a file that cannot be read, with ${maxThreads} threads`, async () => {
    await using dir = await makeTempDir();
    using hashes = new FileHashes(maxThreads);
    const options = { sizeBytes: LARGE_BYTES, algorithm: "sha256", signal } as const;
    assert.equal(await hashes.hex(dir.join("none"), options), undefined);
  });

  Deno.test(`FileHashes stops when it is told to, with ${maxThreads} threads`, async () => {
    await using dir = await makeTempDir();
    await Deno.writeTextFile(dir.join("a"), "content");
    using hashes = new FileHashes(maxThreads);
    const stop = new AbortController();
    const options = { sizeBytes: LARGE_BYTES, algorithm: "sha256", signal: stop.signal } as const;
    const hex = hashes.hex(dir.join("a"), options);
    stop.abort(new Error("stopped"));
    await assert.rejects(hex, /stopped/);
  });
}

Deno.test("FileHashes fails what is under way when it is disposed, and takes it for nothing else", async () => {
  await using dir = await makeTempDir();
  await Deno.writeTextFile(dir.join("a"), "content");
  const hashes = new FileHashes(1);
  const hex = hashes.hex(dir.join("a"), { sizeBytes: LARGE_BYTES, algorithm: "sha256", signal });
  hashes[Symbol.dispose]();
  await assert.rejects(hex, { name: "AbortError" });
});
