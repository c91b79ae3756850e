import assert from "node:assert/strict";
import { type Digest, digestOf, sha256Digest } from "../../../lib/spec/digest.ts";
import { CompressedLayers } from "../../../lib/state/compressed_layers.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { runWriters } from "./run_writers.ts";

function digest(number: number): Digest {
  return sha256Digest(number.toString(16).padStart(64, "0"));
}

function createMemory(
  directory: string,
  method = "gzip:3",
): { memory: CompressedLayers; warnings: string[] } {
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  return { memory: new CompressedLayers(directory, { clock: new FakeClock(), method, onWarning }), warnings };
}

Deno.test("CompressedLayers gives back what came of a layer, in a later process too", async () => {
  await using temp = await makeTempDir();
  const { memory, warnings } = createMemory(temp.path);
  await memory.add(digest(1), { digest: digest(11), size: 100 });
  await memory.add(digest(2), { digest: digest(12), size: 0 });
  await memory.add(digest(1), { digest: digest(13), size: 300 });
  assert.deepEqual(
    await createMemory(temp.path).memory.list(),
    new Map([[digest(2), { digest: digest(12), size: 0 }], [digest(1), { digest: digest(13), size: 300 }]]),
  );
  assert.deepEqual(warnings, []);
});

Deno.test("CompressedLayers remembers layers that are ready at once, without waiting for a time", async () => {
  await using temp = await makeTempDir();
  const { memory, warnings } = createMemory(temp.path);
  const numbers = [1, 2, 3, 4, 5];
  const layer = { digest: digest(11), size: 100 };
  await Promise.all(numbers.map((number) => memory.add(digest(number), layer)));
  assert.deepEqual([...(await memory.list()).keys()], numbers.map(digest));
  assert.deepEqual(warnings, []);
});

Deno.test("CompressedLayers keeps methods apart", async () => {
  await using temp = await makeTempDir();
  await createMemory(temp.path, "gzip:3").memory.add(digest(1), { digest: digest(11), size: 100 });
  await createMemory(temp.path, "zstd:3").memory.add(digest(1), { digest: digest(12), size: 90 });
  assert.equal((await createMemory(temp.path, "gzip:3").memory.list()).get(digest(1))?.size, 100);
  assert.equal((await createMemory(temp.path, "zstd:3").memory.list()).get(digest(1))?.size, 90);
  assert.equal((await createMemory(temp.path, "gzip:9").memory.list()).size, 0);
});

Deno.test("CompressedLayers remembers the last 1,000 layers", async () => {
  await using temp = await makeTempDir();
  const layers = Array.from({ length: 1_000 }, (_, number) => (
    { diffId: digest(number), method: "gzip:3", digest: digest(number), size: number }
  ));
  await Deno.writeTextFile(temp.join("compressed_layers.json"), JSON.stringify({ version: 1, layers }));
  const { memory, warnings } = createMemory(temp.path);
  await memory.add(digest(5_000), { digest: digest(5_000), size: 1 });
  const list = await memory.list();
  assert.equal(list.size, 1_000);
  assert.equal(list.has(digest(0)), false);
  assert.equal(list.has(digest(1)), true);
  assert.deepEqual(warnings, []);
});

Deno.test("CompressedLayers creates nothing when it is only asked", async () => {
  await using temp = await makeTempDir();
  assert.equal((await createMemory(temp.join("state")).memory.list()).size, 0);
  assert.deepEqual(await fileNames(temp.path), []);
});

for (
  const [what, layer] of [
    ["has a digest that is none", { digest: "../etc/passwd" }],
    ["has a negative size", { size: -1 }],
    ["has a size that is text", { size: "1" }],
  ] as const
) {
  Deno.test(`CompressedLayers sets a file aside that ${what}, warns, and goes on`, async () => {
    await using temp = await makeTempDir();
    const layers = [{ diffId: digest(1), method: "gzip:3", digest: digest(2), size: 1, ...layer }];
    const content = JSON.stringify({ version: 1, layers });
    await Deno.writeTextFile(temp.join("compressed_layers.json"), content);
    const { memory, warnings } = createMemory(temp.path);
    assert.equal((await memory.list()).size, 0);
    await memory.add(digest(1), { digest: digest(2), size: 5 });
    assert.equal((await memory.list()).get(digest(1))?.size, 5);
    assert.equal(await Deno.readTextFile(temp.join("compressed_layers.json.corrupt-1")), content);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /the memory of compressed layers starts anew\.$/);
  });
}

Deno.test("CompressedLayers keeps what every process remembered at the same time", async () => {
  await using temp = await makeTempDir();
  const written = await runWriters(temp.path, { writers: 3, count: 10 });
  const { memory, warnings } = createMemory(temp.path);
  const list = await memory.list();
  for (const name of written) assert.ok(list.has(await digestOf(new TextEncoder().encode(name))), name);
  assert.deepEqual(warnings, []);
});
