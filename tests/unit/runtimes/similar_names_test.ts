import assert from "node:assert/strict";
import { similarNames } from "../../../lib/runtimes/similar_names.ts";

Deno.test("similarNames() finds other tags and registries first, then slips of the keyboard", () => {
  const known = ["redis:7", "nginy:1", "localhost:5000/team/nginx:2", "nginx:1.27"];
  assert.deepEqual(similarNames("nginx:latest", known), [
    "localhost:5000/team/nginx:2",
    "nginx:1.27",
    "nginy:1",
  ]);
});

Deno.test("similarNames() suggests nothing far-fetched, and not everything for short names", () => {
  assert.deepEqual(similarNames("postgres:16", ["nginx:1", "redis:7"]), []);
  assert.deepEqual(similarNames("go:1", ["ab:1", "cd:1", "gi:1"]), ["gi:1"]);
});

Deno.test("similarNames() gives five at most", () => {
  const known = Array.from({ length: 9 }, (_, tag) => `nginx:${tag}`);
  assert.deepEqual(similarNames("nginx", known), known.slice(0, 5));
});
