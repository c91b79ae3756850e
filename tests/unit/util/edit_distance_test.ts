import assert from "node:assert/strict";
import { closestWord, editDistance } from "../../../lib/util/edit_distance.ts";

Deno.test("editDistance() counts letters to insert, remove or replace", () => {
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("abc", "abc"), 0);
  assert.equal(editDistance("tty", "tyt"), 2);
  assert.equal(editDistance("kitten", "sitting"), 3);
});

Deno.test("closestWord() finds the closest, and nothing far-fetched", () => {
  assert.equal(closestWord("PLIAN", ["auto", "tty", "plain"]), "plain");
  assert.equal(closestWord("x", ["tty"]), undefined);
  assert.equal(closestWord("pretty", ["auto", "tty", "plain"]), undefined);
  assert.equal(closestWord("y".repeat(100_000), ["tty"]), undefined);
  assert.equal(closestWord("anything", []), undefined);
});
