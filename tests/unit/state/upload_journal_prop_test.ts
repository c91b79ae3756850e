import assert from "node:assert/strict";
import fc from "fast-check";
import { makeTempDir } from "../../support/temp_dir.ts";
import { BLOB, createJournal } from "./upload_fixture.ts";

Deno.test("UploadJournal gives back any position of any upload", async () => {
  await using temp = await makeTempDir();
  const { journal, warnings, notices } = createJournal(temp.path);
  const text = fc.string({ unit: "binary", maxLength: 200 });
  const position = fc.record({
    location: fc.webUrl({ withQueryParameters: true }),
    offsetBytes: fc.nat(BLOB.size),
    minChunkBytes: fc.maxSafeNat(),
  });
  await fc.assert(
    fc.asyncProperty(text, text, position, async (target, source, position) => {
      {
        using entry = await journal.claim(target, BLOB, source);
        await entry!.save(position);
      }
      using entry = await journal.claim(target, BLOB, source);
      assert.partialDeepStrictEqual(entry!.record, position);
      await entry!.remove();
    }),
    { numRuns: 50 },
  );
  assert.deepEqual([...warnings, ...notices], []);
});
