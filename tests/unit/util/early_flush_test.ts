import assert from "node:assert/strict";
import { EarlyFlush } from "../../../lib/util/early_flush.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const MIB = 2 ** 20;

Deno.test("EarlyFlush flushes once in 64 MiB, one flush at a time", async () => {
  const flushes: PromiseWithResolvers<void>[] = [];
  const early = new EarlyFlush("a.tar", (path) => {
    assert.equal(path, "a.tar");
    flushes.push(Promise.withResolvers());
    return flushes.at(-1)!.promise;
  });
  early.wrote(64 * MIB - 1);
  assert.equal(flushes.length, 0);
  early.wrote(1);
  early.wrote(65 * MIB);
  assert.equal(flushes.length, 1, "the first is still under way");
  flushes[0]!.resolve();
  await early.settled();
  assert.equal(flushes.length, 1);
  early.wrote(1);
  assert.equal(flushes.length, 2);
  flushes[1]!.reject(new Error("full"));
  await early.settled();
  early.wrote(64 * MIB);
  assert.equal(flushes.length, 3, "a flush that failed does not end it");
  flushes[2]!.resolve();
  await early.settled();
});

Deno.test("EarlyFlush flushes a file, and says nothing of one that is gone", async () => {
  await using dir = await makeTempDir();
  await Deno.writeTextFile(dir.join("there"), "content");
  for (const name of ["there", "gone"]) {
    const early = new EarlyFlush(dir.join(name));
    early.wrote(64 * MIB);
    await early.settled();
  }
  assert.equal(await Deno.readTextFile(dir.join("there")), "content");
});
