import assert from "node:assert/strict";
import { readCappedFile } from "../../../lib/util/read_capped_file.ts";
import { seededBytes } from "../../support/seeded_random.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

Deno.test("readCappedFile() gives all of a file up to the cap, and nothing of a larger one", async () => {
  await using dir = await makeTempDir();
  const path = dir.join("file");
  for (const sizeBytes of [0, 1, 16_384, 100_000]) {
    const bytes = seededBytes(sizeBytes);
    await Deno.writeFile(path, bytes);
    assert.deepEqual(await readCappedFile(path, 100_000), bytes);
  }
  await assert.rejects(readCappedFile(path, 99_999), /it has more than 99999 bytes/);
  await assert.rejects(readCappedFile(dir.join("none"), 1), Deno.errors.NotFound);
});
