import assert from "node:assert/strict";
import { createAtomicFile } from "../../../lib/util/atomic_file.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const HELLO = new TextEncoder().encode("hello");

Deno.test("createAtomicFile() shows the file under its name only once it is committed", async () => {
  await using temp = await makeTempDir();
  await using target = await createAtomicFile(temp.path, "a.tar");
  await target.write(HELLO);
  const [pending, ...others] = await fileNames(temp.path);
  assert.match(pending!, /^\.a\.tar\..+\.partial$/);
  assert.deepEqual(others, []);
  await target.commit();
  assert.deepEqual(await fileNames(temp.path), ["a.tar"]);
  assert.equal(await Deno.readTextFile(`${temp.path}/a.tar`), "hello");
});

Deno.test({
  name: "createAtomicFile() makes files that only their owner can read",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using temp = await makeTempDir();
    await using target = await createAtomicFile(temp.path, "a.tar");
    await target.commit();
    assert.equal((await Deno.stat(`${temp.path}/a.tar`)).mode! & 0o777, 0o600);
  },
});

Deno.test("createAtomicFile() leaves what was there when it is not committed", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(`${temp.path}/a.tar`, "old");
  {
    await using target = await createAtomicFile(temp.path, "a.tar");
    await target.write(HELLO);
  }
  assert.deepEqual(await fileNames(temp.path), ["a.tar"]);
  assert.equal(await Deno.readTextFile(`${temp.path}/a.tar`), "old");
});

Deno.test("createAtomicFile() cleans up after a commit that failed", async () => {
  await using temp = await makeTempDir();
  await Deno.mkdir(`${temp.path}/a.tar`);
  {
    await using target = await createAtomicFile(temp.path, "a.tar");
    await assert.rejects(() => target.commit());
  }
  assert.deepEqual(await fileNames(temp.path), ["a.tar"]);
});

Deno.test("createAtomicFile() replaces a symbolic link instead of following it", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(`${temp.path}/target`, "untouched");
  await Deno.symlink(`${temp.path}/target`, `${temp.path}/a.tar`);
  await using target = await createAtomicFile(temp.path, "a.tar");
  await target.commit();
  assert.equal(await Deno.readTextFile(`${temp.path}/target`), "untouched");
  assert.ok((await Deno.lstat(`${temp.path}/a.tar`)).isFile);
});
