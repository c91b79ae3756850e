import assert from "node:assert/strict";
import * as v from "valibot";
import { isPusherError } from "../../../lib/errors.ts";
import {
  readStateDocument,
  type StateDocument,
  writeStateDocument,
} from "../../../lib/state/state_document.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

function document(directory: string): StateDocument<{ word: string }> {
  return { directory, name: "doc.json", schema: v.object({ word: v.string() }) };
}

Deno.test("readStateDocument() gives back what writeStateDocument() wrote", async () => {
  await using temp = await makeTempDir();
  const doc = document(temp.path);
  assert.equal(await readStateDocument(doc), undefined);
  await writeStateDocument(doc, { word: "one" });
  await writeStateDocument(doc, { word: "twö" });
  assert.deepEqual(await readStateDocument(doc), { word: "twö" });
  assert.deepEqual(await fileNames(temp.path), ["doc.json"]);
});

Deno.test({
  name: "writeStateDocument() keeps others from reading, even where they could before",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using temp = await makeTempDir();
    await Deno.writeTextFile(`${temp.path}/doc.json`, "{}", { mode: 0o644 });
    await writeStateDocument(document(temp.path), { word: "secret" });
    assert.equal((await Deno.stat(`${temp.path}/doc.json`)).mode! & 0o777, 0o600);
  },
});

Deno.test("writeStateDocument() refuses a symbolic link and leaves its target alone", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(`${temp.path}/target`, "untouched");
  await Deno.symlink(`${temp.path}/target`, `${temp.path}/doc.json`);
  await assert.rejects(
    writeStateDocument(document(temp.path), { word: "secret" }),
    (error) => isPusherError(error, "STATE_UNWRITABLE") && /symbolic link/.test(error.message),
  );
  assert.equal(await Deno.readTextFile(`${temp.path}/target`), "untouched");
  assert.deepEqual(await fileNames(temp.path), ["doc.json", "target"]);
});

Deno.test("writeStateDocument() leaves nothing behind when the file cannot get its name", async () => {
  await using temp = await makeTempDir();
  await Deno.mkdir(`${temp.path}/doc.json`);
  await assert.rejects(
    writeStateDocument(document(temp.path), { word: "one" }),
    (error) => isPusherError(error, "STATE_UNWRITABLE") && error.detail.path === `${temp.path}/doc.json`,
  );
  assert.deepEqual(await fileNames(temp.path), ["doc.json"]);
});

Deno.test("writeStateDocument() fails when a file is in the directory's place", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(`${temp.path}/file`, "");
  await assert.rejects(
    writeStateDocument(document(`${temp.path}/file`), { word: "one" }),
    (error) => isPusherError(error, "STATE_UNWRITABLE") && error.hint !== undefined,
  );
});

Deno.test({
  name: "writeStateDocument() fails in a directory that may not be written",
  // Root may write everywhere, and Windows has no such mode.
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
  async fn() {
    await using temp = await makeTempDir();
    await Deno.mkdir(`${temp.path}/closed`, { mode: 0o500 });
    await assert.rejects(
      writeStateDocument(document(`${temp.path}/closed`), { word: "one" }),
      (error) => isPusherError(error, "STATE_UNWRITABLE") && /permission denied/.test(error.message),
    );
  },
});

for (
  const [what, content, reason] of [
    ["text that is not JSON", "word: one", /it is not JSON/],
    ["an empty file", "", /it is not JSON/],
    ["JSON of another shape", '{"word":1}', /"word" is wrong/],
    ["bytes that are not UTF-8", new Uint8Array([0xff]), /it is not JSON/],
    ["a file too large to be ours", new Uint8Array(4 * 2 ** 20 + 1), /too many/],
  ] as const
) {
  Deno.test(`readStateDocument() fails on ${what}, naming the file`, async () => {
    await using temp = await makeTempDir();
    const path = `${temp.path}/doc.json`;
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await assert.rejects(
      readStateDocument(document(temp.path)),
      (error) =>
        isPusherError(error, "STATE_CORRUPT") && error.detail.path === path && error.message.includes(path) &&
        reason.test(error.message) && error.hint !== undefined,
    );
  });
}

const UNREADABLE: readonly [string, boolean, RegExp, (path: string) => Promise<void>][] = [
  ["a directory", false, /is a directory/, (path) => Deno.mkdir(path)],
  ["a link that leads nowhere but to itself", false, /symbolic links/, (path) => Deno.symlink(path, path)],
  [
    "a file that may not be read",
    // Root may read everything.
    Deno.build.os !== "windows" && Deno.uid() === 0,
    /permission denied/,
    (path) => Deno.writeTextFile(path, '{"word":"one"}', { mode: 0o200 }),
  ],
];

for (const [what, isReadable, reason, make] of UNREADABLE) {
  Deno.test({
    name: `readStateDocument() does not take ${what} for a damaged file`,
    ignore: Deno.build.os === "windows" || isReadable,
    async fn() {
      await using temp = await makeTempDir();
      const path = `${temp.path}/doc.json`;
      await make(path);
      await assert.rejects(
        readStateDocument(document(temp.path)),
        (error) =>
          isPusherError(error, "STATE_UNREADABLE") && error.detail.path === path &&
          reason.test(error.message) && /--state-dir/.test(error.hint ?? ""),
      );
    },
  });
}
