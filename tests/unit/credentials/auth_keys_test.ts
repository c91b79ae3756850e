import assert from "node:assert/strict";
import { matchingKeys, serverOf } from "../../../lib/credentials/auth_keys.ts";

Deno.test("serverOf() calls Docker Hub as docker does, and others by their host", () => {
  assert.equal(serverOf("docker.io"), "https://index.docker.io/v1/");
  assert.equal(serverOf("r.example:5000"), "r.example:5000");
});

Deno.test("matchingKeys() finds hosts and URLs in every spelling, the exact one first", () => {
  const keys = [
    "https://r.example/v1/",
    "http://R.example",
    "r.example",
    "r.example/",
    "r.example:5000",
    "https://r.example:5000/v2/",
    "r.example.evil.example",
    "evil.example/r.example",
    "https://evil.example/r.example",
  ];
  assert.deepEqual(matchingKeys(keys, { registry: "r.example", repository: "app" }), [
    "r.example",
    "https://r.example/v1/",
    "http://R.example",
    "r.example/",
  ]);
  assert.deepEqual(matchingKeys(keys, { registry: "r.example:5000" }), [
    "r.example:5000",
    "https://r.example:5000/v2/",
  ]);
});

Deno.test("matchingKeys() knows Docker Hub by all its names, docker's own first", () => {
  const keys = ["docker.io", "registry-1.docker.io", "https://index.docker.io/v1/", "index.docker.io"];
  assert.deepEqual(matchingKeys(keys, { registry: "docker.io", repository: "library/nginx" }), [
    "https://index.docker.io/v1/",
    "docker.io",
    "registry-1.docker.io",
    "index.docker.io",
  ]);
  assert.deepEqual(matchingKeys(["hub.docker.com", "docker.io.evil.example"], { registry: "docker.io" }), []);
});

Deno.test("matchingKeys() prefers the longest namespace that a repository is in", () => {
  const keys = ["quay.io", "quay.io/team/app", "quay.io/team", "quay.io/tea", "quay.io/team/app/other"];
  const cases: [string | undefined, string[]][] = [
    ["team/app", ["quay.io/team/app", "quay.io/team", "quay.io"]],
    ["team/app2", ["quay.io/team", "quay.io"]],
    ["teams", ["quay.io"]],
    [undefined, ["quay.io"]],
  ];
  for (const [repository, expected] of cases) {
    assert.deepEqual(matchingKeys(keys, { registry: "quay.io", repository }), expected, repository);
  }
});
