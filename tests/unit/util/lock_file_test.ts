import assert from "node:assert/strict";
import { awaitLockFile, LockError, lockNow, tryLockFile } from "../../../lib/util/lock_file.ts";
import { FakeClock } from "../../support/fake_clock.ts";
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

for (const how of ["try", "await"]) {
  Deno.test(`${how}LockFile() never lets two processes in while files come and go`, async () => {
    await using temp = await makeTempDir();
    const script = new URL("./contend_for_lock.ts", import.meta.url).href;
    const contender = [Deno.execPath(), "run", "-A", "--no-lock", script, temp.path, how];
    await Promise.all(Array.from({ length: 3 }, () => runCommand(contender)));
    assert.deepEqual(await fileNames(temp.path), how === "await" ? ["a.lock"] : []);
  });
}

Deno.test("awaitLockFile() asks more often the longer it waits, until it gives up", async () => {
  await using temp = await makeTempDir();
  const path = temp.join("a.lock");
  using _held = await tryLockFile(path);
  const clock = new FakeClock({ autoAdvance: true });
  assert.equal(await awaitLockFile(path, { clock, timeoutMs: 1000 }), undefined);
  assert.deepEqual([clock.sleptMs[0], Math.min(...clock.sleptMs.slice(0, -1))], [25, 2]);
  assert.deepEqual(clock.sleptMs, clock.sleptMs.toSorted((a, b) => b - a));
  assert.equal(Math.round(clock.sleptMs.reduce((sum, each) => sum + each)), 1000);
});

Deno.test("awaitLockFile() stops waiting when it is told to, and takes what nobody has all the same", async () => {
  await using temp = await makeTempDir();
  const path = temp.join("a.lock");
  const clock = new FakeClock();
  const stop = new AbortController();
  const options = { clock, timeoutMs: 1000, signal: stop.signal };
  {
    using _held = await tryLockFile(path);
    const waiting = assert.rejects(awaitLockFile(path, options), /enough/);
    while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    stop.abort(new Error("enough"));
    await waiting;
  }
  using lock = await awaitLockFile(path, options);
  assert.ok(lock);
});

Deno.test("awaitLockFile() is not fooled by a lock file that was removed while it waited", async () => {
  await using temp = await makeTempDir();
  const path = temp.join("a.lock");
  const clock = new FakeClock();
  const held = await awaitLockFile(path, { clock, timeoutMs: 1000 });
  const waiting = awaitLockFile(path, { clock, timeoutMs: 1000 });
  while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  await Deno.remove(path);
  held?.[Symbol.dispose]();
  await clock.advance(25);
  using lock = await waiting;
  assert.ok(lock);
  assert.equal(await tryLockFile(path), undefined);
});

Deno.test("lockNow() says that there are no locks where the system has none", async () => {
  await using temp = await makeTempDir();
  using file = await Deno.open(temp.join("a"), { create: true, write: true });
  // What a network file system without locks answers; none can be mounted everywhere.
  file.tryLock = () => Promise.reject(new Error("Function not implemented (os error 38)"));
  await assert.rejects(
    lockNow(file, "alone"),
    (error) =>
      error instanceof LockError && /cannot be locked \(function not implemented\)/.test(error.message),
  );
});
