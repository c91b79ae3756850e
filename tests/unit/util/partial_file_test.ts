import assert from "node:assert/strict";
import type { FilePath } from "../../../lib/util/file_path.ts";
import { openPartialFile } from "../../../lib/util/partial_file.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir, type TempDir } from "../../support/temp_dir.ts";

const KEY = "0123456789abcdef";
const PARTIAL = `.a.tar.${KEY}.partial`;
const at = (dir: TempDir): FilePath => ({ directory: dir.path, name: "a.tar" });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("openPartialFile() gives a file its name when it is committed, and not before", async () => {
  await using dir = await makeTempDir();
  await Deno.writeTextFile(dir.join("a.tar"), "old");
  {
    await using file = await openPartialFile(at(dir), { key: KEY });
    await file!.write(bytes("new"));
    assert.equal(await Deno.readTextFile(dir.join("a.tar")), "old");
    if (Deno.build.os !== "windows") assert.equal((await Deno.stat(file!.path)).mode! & 0o777, 0o600);
    await file!.commit();
  }
  assert.deepEqual(await fileNames(dir.path), ["a.tar"]);
  assert.equal(await Deno.readTextFile(dir.join("a.tar")), "new");
});

Deno.test("openPartialFile() goes on with what was left, from where it is told to", async () => {
  await using dir = await makeTempDir();
  {
    await using file = await openPartialFile(at(dir), { key: KEY });
    await file!.write(bytes("right wrong"));
  }
  assert.deepEqual(await fileNames(dir.path), [PARTIAL]);
  await using file = await openPartialFile(at(dir), { key: KEY });
  assert.equal(file!.sizeBytes, 11);
  const held = new Uint8Array(100);
  assert.equal(await file!.readHeld(held), 11);
  assert.equal(await file!.readHeld(held), 0);
  await file!.continueAt(6);
  await file!.write(bytes("too"));
  await file!.commit();
  assert.equal(await Deno.readTextFile(dir.join("a.tar")), "right too");
});

Deno.test("openPartialFile() leaves nothing of a file without content", async () => {
  await using dir = await makeTempDir();
  {
    await using _file = await openPartialFile(at(dir), { key: KEY });
  }
  assert.deepEqual(await fileNames(dir.path), []);
});

Deno.test("openPartialFile() leaves nothing where there is no more than what is known anyway", async () => {
  await using dir = await makeTempDir();
  for (const [text, left] of [["known", []], ["known and", [PARTIAL]], ["", [PARTIAL]]] as const) {
    {
      await using file = await openPartialFile(at(dir), { key: KEY, knownBytes: 5 });
      await file!.write(bytes(text));
      assert.equal(file!.isWorthKeeping, left.length > 0);
    }
    assert.deepEqual(await fileNames(dir.path), left);
  }
});

Deno.test("openPartialFile() gives nothing while somebody else has it", async () => {
  await using dir = await makeTempDir();
  await using file = await openPartialFile(at(dir), { key: KEY });
  assert.equal(await openPartialFile(at(dir), { key: KEY }), undefined);
  await file!.write(bytes("x"));
});

Deno.test("openPartialFile() removes what was left of other contents, and nothing else", async () => {
  await using dir = await makeTempDir();
  const others = [
    ".a.tar.1a2b3c4d.partial",
    ".b.tar.fedcba9876543210.partial",
    "a.tar.fedcba9876543210.partial",
  ];
  for (const name of [...others, ".a.tar.fedcba9876543210.partial"]) {
    await Deno.writeTextFile(dir.join(name), "x");
  }
  await using busy = await openPartialFile(at(dir), { key: "aaaaaaaaaaaaaaaa" });
  await busy!.write(bytes("x"));
  await using file = await openPartialFile(at(dir), { key: KEY });
  await file!.write(bytes("x"));
  const expected = [...others, ".a.tar.aaaaaaaaaaaaaaaa.partial", PARTIAL];
  assert.deepEqual((await fileNames(dir.path)).sort(), expected.sort());
});
