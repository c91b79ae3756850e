import assert from "node:assert/strict";
import { type HostHabits, HostMemory } from "../../../lib/state/host_memory.ts";
import type { Clock } from "../../../lib/util/clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { runWriters } from "./run_writers.ts";

const DAY_MS = 24 * 3_600_000;

function createMemory(
  directory: string,
  clock: Clock = new FakeClock(),
): { memory: HostMemory; warnings: string[] } {
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  return { memory: new HostMemory(directory, { clock, onWarning }), warnings };
}

Deno.test("HostMemory gives back what was learned last of each registry, in a later process too", async () => {
  await using temp = await makeTempDir();
  const { memory, warnings } = createMemory(temp.path);
  const habits: HostHabits = {
    strategy: "chunked",
    refused: ["single"],
    maxChunkBytes: 4_194_304,
    maxBodyBytes: 5_242_880,
    isLastPartInCommit: true,
  };
  await memory.learn("a.example", { strategy: "single", maxChunkBytes: 1 });
  await memory.learn("localhost:5000", habits);
  await memory.learn("a.example", { strategy: "streamed" });
  const later = createMemory(temp.path).memory;
  assert.deepEqual(await later.get("a.example"), { strategy: "streamed" });
  assert.deepEqual(await later.get("localhost:5000"), habits);
  assert.equal(await later.get("other.example"), undefined);
  assert.equal(await later.get("constructor"), undefined);
  assert.deepEqual(warnings, []);
});

Deno.test("HostMemory forgets after 30 days", async () => {
  await using temp = await makeTempDir();
  const clock = new FakeClock();
  const { memory } = createMemory(temp.path, clock);
  await memory.learn("a.example", { strategy: "single" });
  await clock.advance(30 * DAY_MS);
  assert.equal((await memory.get("a.example"))?.strategy, "single");
  await clock.advance(1);
  assert.equal(await memory.get("a.example"), undefined);
  await memory.learn("a.example", { strategy: "chunked" });
  assert.equal((await memory.get("a.example"))?.strategy, "chunked");
});

Deno.test("HostMemory remembers the last 100 registries", async () => {
  await using temp = await makeTempDir();
  const { memory } = createMemory(temp.path);
  for (let number = 0; number <= 100; number++) {
    await memory.learn(`host${number}.example`, { strategy: "chunked" });
    // Learned anew, so it stays among the last.
    if (number === 50) await memory.learn("host0.example", { strategy: "single" });
  }
  assert.equal(await memory.get("host1.example"), undefined);
  assert.equal((await memory.get("host0.example"))?.strategy, "single");
  assert.equal((await memory.get("host2.example"))?.strategy, "chunked");
});

Deno.test("HostMemory creates nothing when it is only asked", async () => {
  await using temp = await makeTempDir();
  const { memory, warnings } = createMemory(temp.join("state"));
  assert.equal(await memory.get("a.example"), undefined);
  assert.deepEqual(await fileNames(temp.path), []);
  assert.deepEqual(warnings, []);
});

for (
  const [what, content] of [
    ["is not JSON", "first {"],
    ["has a strategy of tomorrow", hosts({ strategy: "teleported" })],
    ["has a limit that is none", hosts({ maxChunkBytes: 0 })],
    ["is of a later version", '{"version":2}'],
  ] as const
) {
  Deno.test(`HostMemory sets a file aside that ${what}, warns, and goes on`, async () => {
    await using temp = await makeTempDir();
    await Deno.writeTextFile(temp.join("hosts.json"), content);
    const { memory, warnings } = createMemory(temp.path);
    assert.equal(await memory.get("a.example"), undefined);
    await memory.learn("a.example", { strategy: "single" });
    assert.equal((await memory.get("a.example"))?.strategy, "single");
    assert.equal(await Deno.readTextFile(temp.join("hosts.json.corrupt-1")), content);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /hosts\.json\.corrupt-1" and the memory of registries starts anew\.$/);
  });
}

Deno.test({
  name: "HostMemory leaves a file alone that it may not read, warns once, and goes on",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using temp = await makeTempDir();
    const path = temp.join("hosts.json");
    await Deno.symlink(path, path);
    const { memory, warnings } = createMemory(temp.path);
    assert.equal(await memory.get("a.example"), undefined);
    await memory.learn("a.example", { strategy: "single" });
    assert.deepEqual(await fileNames(temp.path), [".lock", "hosts.json"]);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /^Going on without the memory of registries: Cannot read .* symbolic links\.$/,
    );
  },
});

Deno.test("HostMemory warns once when it cannot be kept", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(temp.join("file"), "");
  const { memory, warnings } = createMemory(temp.join("file"));
  await memory.learn("a.example", { strategy: "single" });
  await memory.learn("b.example", { strategy: "single" });
  assert.equal(await memory.get("a.example"), undefined);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^Going on without the memory of registries: Cannot write/);
});

Deno.test("HostMemory keeps what every process learned at the same time", async () => {
  await using temp = await makeTempDir();
  const written = await runWriters(temp.path, { writers: 3, count: 15 });
  const { memory, warnings } = createMemory(temp.path);
  for (const name of written) assert.equal((await memory.get(`${name}.example`))?.strategy, "single", name);
  assert.deepEqual(warnings, []);
});

function hosts(habits: { strategy?: string; maxChunkBytes?: number }): string {
  const host = {
    registry: "a.example",
    strategy: "single",
    learnedAt: "2026-01-01T00:00:00.000Z",
    ...habits,
  };
  return JSON.stringify({ version: 1, hosts: [host] });
}
