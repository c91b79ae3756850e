import assert from "node:assert/strict";
import { tryLockFile } from "../../../lib/util/lock_file.ts";
import { sweepLeftovers } from "../../../lib/state/sweep_leftovers.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir, type TempDir } from "../../support/temp_dir.ts";

const LIMIT_MS = Date.UTC(2026, 0, 1);

async function makeFile(dir: TempDir, name: string, timeMs: number): Promise<void> {
  await Deno.writeTextFile(dir.join(name), "");
  await Deno.utime(dir.join(name), new Date(timeMs), new Date(timeMs));
}

function key(digit: string): string {
  return digit.repeat(64);
}

Deno.test("sweepLeftovers() removes old files of the journal and nothing else", async () => {
  await using temp = await makeTempDir();
  const journal = [
    `${key("a")}.json`,
    `${key("a")}.json.corrupt-12`,
    `${key("a")}.lock`,
    `.${key("a")}.json.9f3c.partial`,
  ];
  const foreign = ["notes.txt", "a.json", `${key("a")}.json.corrupt-old`, `.${key("a")}.json`];
  for (const name of [...journal, ...foreign]) await makeFile(temp, name, LIMIT_MS - 1);
  const recent = [`${key("b")}.json`, `${key("b")}.lock`, `.${key("b")}.json.9f3c.partial`];
  for (const name of recent) await makeFile(temp, name, LIMIT_MS);
  await sweepLeftovers(temp.path, LIMIT_MS);
  assert.deepEqual(await fileNames(temp.path), [...foreign, ...recent].sort());
});

Deno.test("sweepLeftovers() leaves a lock that somebody has, however old", async () => {
  await using temp = await makeTempDir();
  const path = temp.join(`${key("a")}.lock`);
  using _lock = await tryLockFile(path);
  await Deno.utime(path, new Date(0), new Date(0));
  await sweepLeftovers(temp.path, LIMIT_MS);
  assert.deepEqual(await fileNames(temp.path), [`${key("a")}.lock`]);
});

Deno.test("sweepLeftovers() passes over what cannot be removed", async () => {
  await using temp = await makeTempDir();
  await Deno.mkdir(temp.join(`${key("a")}.json/full`), { recursive: true });
  await Deno.utime(temp.join(`${key("a")}.json`), new Date(0), new Date(0));
  await makeFile(temp, `${key("b")}.json`, 0);
  await sweepLeftovers(temp.path, LIMIT_MS);
  assert.deepEqual(await fileNames(temp.path), [`${key("a")}.json`]);
});

Deno.test("sweepLeftovers() looks at 256 files a time", async () => {
  await using temp = await makeTempDir();
  for (let number = 0; number < 300; number++) {
    await makeFile(temp, `${`${number}`.padStart(64, "0")}.json`, 0);
  }
  await sweepLeftovers(temp.path, LIMIT_MS);
  assert.equal((await fileNames(temp.path)).length, 44);
  await sweepLeftovers(temp.path, LIMIT_MS);
  assert.deepEqual(await fileNames(temp.path), []);
});
