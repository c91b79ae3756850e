import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { formatReference, parseReference, parseRegistry } from "../../../lib/spec/reference.ts";
import { rewriteReference } from "../../../lib/spec/rewrite_reference.ts";

const RULES = [
  ["docker.io", "mirror.example/hub"],
  ["docker.io/library", "r.example"],
  ["r.example/team", "other.example:5000/a/b"],
].map(([from, to]) => ({ from: parseRegistry(from!), to: parseRegistry(to!) }));

Deno.test("rewriteReference() applies the rule with the longest path, once", () => {
  const cases: [string, string][] = [
    ["nginx:1", "r.example/nginx:1"],
    ["team/app:1", "mirror.example/hub/team/app:1"],
    ["r.example/team/app:1", "other.example:5000/a/b/app:1"],
    ["r.example/team:1", "other.example:5000/a/b:1"],
    ["r.example/teams/app:1", "r.example/teams/app:1"],
    ["r.example:5000/team/app:1", "r.example:5000/team/app:1"],
    [`library/nginx@sha256:${"a".repeat(64)}`, `r.example/nginx@sha256:${"a".repeat(64)}`],
  ];
  for (const [from, to] of cases) {
    assert.equal(formatReference(rewriteReference(parseReference(from), RULES)), to, from);
  }
});

Deno.test("rewriteReference() refuses what comes out as no reference", () => {
  const long = { from: parseRegistry("r.example"), to: parseRegistry(`r.example/${"a".repeat(250)}`) };
  for (const reference of ["r.example/team/app:1"]) {
    assert.throws(
      () => rewriteReference(parseReference(reference), [long]),
      (error) => isPusherError(error, "REFERENCE_INVALID"),
    );
  }
  const bare = { from: parseRegistry("r.example/team"), to: parseRegistry("r.example") };
  assert.throws(
    () => rewriteReference(parseReference("r.example/team:1"), [bare]),
    (error) => isPusherError(error, "REFERENCE_INVALID"),
  );
});
