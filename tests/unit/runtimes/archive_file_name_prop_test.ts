import assert from "node:assert/strict";
import * as fc from "fast-check";
import { archiveFileName } from "../../../lib/runtimes/archive_file_name.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.stringMatching(/^[a-z0-9./:@_\\-]{0,300}$/),
  fc.constantFrom("", ".", "..", "/", "\\", "../..", "C:", "con", "nul.tar", "-rf", "\0", "~"),
);

Deno.test("archiveFileName() always gives the same plain file name", () => {
  fc.assert(fc.property(anyText, (image) => {
    const name = archiveFileName(image);
    assert.equal(archiveFileName(image), name);
    assert.match(name, /^[A-Za-z0-9_][A-Za-z0-9._-]*\.tar$/);
    assert.ok(name.length <= 206);
    assert.doesNotMatch(name, /^(con|prn|aux|nul|com\d|lpt\d)\./i);
    assert.equal(new URL(name, "file:///dir/").href, `file:///dir/${name}`);
  }));
});
