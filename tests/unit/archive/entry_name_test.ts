import assert from "node:assert/strict";
import fc from "fast-check";
import { normalizeEntryName, resolveSymlink } from "../../../lib/archive/entry_name.ts";

Deno.test("normalizeEntryName() brings every spelling into one form", () => {
  for (const name of ["a/b", "./a/b", "/a/b", "a//b/", "././a/./b", "//a/b"]) {
    assert.equal(normalizeEntryName(name), "a/b", name);
  }
  assert.equal(normalizeEntryName("sha256:abc"), "sha256:abc");
  assert.equal(normalizeEntryName("..a/b.."), "..a/b..");
});

Deno.test("normalizeEntryName() names nothing where a name would do harm elsewhere", () => {
  for (const name of ["", ".", "./", "/", "..", "../a", "a/../b", "a/..", "a\0b", "a\\b", "x".repeat(1025)]) {
    assert.equal(normalizeEntryName(name), undefined, JSON.stringify(name));
  }
});

Deno.test("resolveSymlink() counts from the directory of the link", () => {
  assert.equal(resolveSymlink("a/layer.tar", "../b/layer.tar"), "b/layer.tar");
  assert.equal(resolveSymlink("a/layer.tar", "layer.tar"), "a/layer.tar");
  assert.equal(resolveSymlink("a/b/c", ".././../d"), "d");
});

Deno.test("resolveSymlink() does not leave the archive", () => {
  for (const target of ["/etc/passwd", "../../b", "../..", "..", "../../../../etc/passwd", "b\\c", "b\0c"]) {
    assert.equal(resolveSymlink("a/b", target), undefined, JSON.stringify(target));
  }
});

Deno.test("normalizeEntryName() gives names that stay as they are and have no harmful part", () => {
  const parts = fc.constantFrom("a", "b", ".", "..", "", "c d", "é", "\\", "\0", "...");
  fc.assert(fc.property(fc.array(parts), (names) => {
    const name = normalizeEntryName(names.join("/"));
    if (name === undefined) return;
    assert.equal(normalizeEntryName(name), name);
    assert(!/(^|\/)\.{0,2}(\/|$)|[\0\\]/.test(name), name);
  }));
});
