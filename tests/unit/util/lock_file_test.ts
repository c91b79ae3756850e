import assert from "node:assert/strict";
import { tryLockFile } from "../../../lib/util/lock_file.ts";
import { fileNames } from "../../support/file_names.ts";
import { runCommand } from "../../support/run_command.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

Deno.test("tryLockFile() lets nobody else in until it is disposed, and leaves no file", async () => {
  await using temp = await makeTempDir();
  const path = temp.join("a.lock");
  {
    using lock = await tryLockFile(path);
    assert.ok(lock);
    assert.equal(await tryLockFile(path), undefined);
    assert.deepEqual(await fileNames(temp.path), ["a.lock"]);
  }
  assert.deepEqual(await fileNames(temp.path), []);
  using again = await tryLockFile(path);
  assert.ok(again);
});

Deno.test("tryLockFile() takes a file that a killed process left", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(temp.join("a.lock"), "");
  using lock = await tryLockFile(temp.join("a.lock"));
  assert.ok(lock);
});

Deno.test("tryLockFile() fails where no file can be made", async () => {
  await using temp = await makeTempDir();
  await assert.rejects(tryLockFile(temp.join("missing/a.lock")), Deno.errors.NotFound);
});

Deno.test("tryLockFile() never lets two processes in while files come and go", async () => {
  await using temp = await makeTempDir();
  const script = new URL("./contend_for_lock.ts", import.meta.url).href;
  const contender = [Deno.execPath(), "run", "-A", "--no-lock", script, temp.path];
  await Promise.all(Array.from({ length: 3 }, () => runCommand(contender)));
  assert.deepEqual(await fileNames(temp.path), []);
});
