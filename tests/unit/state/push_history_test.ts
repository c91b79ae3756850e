import assert from "node:assert/strict";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { PushHistory, type PushRecord } from "../../../lib/state/push_history.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { runWriters } from "./run_writers.ts";

const DIGEST = sha256Digest("a".repeat(64));

function createHistory(directory: string): { history: PushHistory; warnings: string[] } {
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  return { history: new PushHistory(directory, { clock: systemClock, onWarning }), warnings };
}

function push(image: string, target: string): PushRecord {
  return { image, target, digest: DIGEST, pushedAt: "2026-01-01T00:00:00.000Z", confirmed: true };
}

Deno.test("PushHistory.recentRegistries() gives each host once, the most recent first", async () => {
  await using temp = await makeTempDir();
  const { history } = createHistory(temp.path);
  for (const host of ["a.example", "localhost:5000", "a.example", "b.example"]) {
    await history.append([push("app:1", `${host}/app:1`)]);
  }
  assert.deepEqual(await history.recentRegistries(), ["b.example", "a.example", "localhost:5000"]);
});

Deno.test("PushHistory remembers the last 200 pushes", async () => {
  await using temp = await makeTempDir();
  const { history } = createHistory(temp.path);
  await history.append(
    Array.from({ length: 150 }, (_, number) => push(`first:${number}`, `a.example/first:${number}`)),
  );
  await history.append(
    Array.from({ length: 60 }, (_, number) => push(`then:${number}`, `a.example/then:${number}`)),
  );
  const pushes = await history.list();
  assert.equal(pushes.length, 200);
  assert.equal(pushes[0]?.image, "first:10");
  assert.equal(pushes.at(-1)?.image, "then:59");
});

Deno.test("PushHistory creates nothing when it is only asked", async () => {
  await using temp = await makeTempDir();
  const { history, warnings } = createHistory(`${temp.path}/state`);
  assert.deepEqual(await history.list(), []);
  assert.deepEqual(await history.recentRegistries(), []);
  assert.deepEqual(await fileNames(temp.path), []);
  assert.deepEqual(warnings, []);
});

Deno.test("PushHistory sets a corrupt file aside under a free name, warns, and goes on", async () => {
  await using temp = await makeTempDir();
  const path = `${temp.path}/push_history.json`;
  const { history, warnings } = createHistory(temp.path);
  await Deno.writeTextFile(path, "first {");
  assert.deepEqual(await history.list(), []);
  await Deno.writeTextFile(path, "second {");
  await history.append([push("app:1", "a.example/app:1")]);
  assert.deepEqual(await history.list(), [push("app:1", "a.example/app:1")]);
  assert.equal(await Deno.readTextFile(`${path}.corrupt-1`), "first {");
  assert.equal(await Deno.readTextFile(`${path}.corrupt-2`), "second {");
  assert.equal(warnings.length, 2);
  assert.ok(warnings[0]!.includes("push_history.json.corrupt-1"));
});

Deno.test("PushHistory takes a record it cannot use for corruption", async () => {
  await using temp = await makeTempDir();
  const { history, warnings } = createHistory(temp.path);
  const record = { ...push("app:1", "a.example/app:1"), digest: "sha256:short" };
  await Deno.writeTextFile(
    `${temp.path}/push_history.json`,
    JSON.stringify({ version: 1, pushes: [record] }),
  );
  assert.deepEqual(await history.list(), []);
  assert.match(warnings[0]!, /"pushes\.0\.digest" is wrong/);
});

Deno.test("PushHistory only warns, once, when it cannot be written or repaired", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(`${temp.path}/file`, "");
  const { history, warnings } = createHistory(`${temp.path}/file`);
  await history.append([push("app:1", "a.example/app:1")]);
  assert.deepEqual(await history.list(), []);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^Going on without the push history: Cannot write/);
});

Deno.test("PushHistory keeps every push when processes write at the same time", async () => {
  await using temp = await makeTempDir();
  const written = await runWriters(temp.path, { writers: 3, count: 15 });
  const pushes = await createHistory(temp.path).history.list();
  assert.deepEqual(
    pushes.map(({ image }) => image.replace(":", "-")).sort(),
    written.sort(),
  );
});
