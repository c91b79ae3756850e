import assert from "node:assert/strict";
import { parseCopyNames } from "../../../../lib/commands/copy/copy_names.ts";
import { formatReference, parseRegistry } from "../../../../lib/spec/reference.ts";

function read(
  source: string,
  destinations: readonly string[],
  rules = [] as Parameters<typeof parseCopyNames>[2],
): unknown {
  const names = parseCopyNames(source, destinations, rules);
  return [formatReference(names.source), names.pattern, names.destinations.map(formatReference)];
}

Deno.test("parseCopyNames() reads an image and where it goes", () => {
  assert.deepEqual(read("r.example:5000/app", ["other.example/app", "x.example/y:2"]), [
    "r.example:5000/app:latest",
    undefined,
    ["other.example/app", "x.example/y:2"],
  ]);
  assert.deepEqual(read("nginx:1", ["localhost:5000/nginx", "localhost:5000/nginx"]), [
    "docker.io/library/nginx:1",
    undefined,
    ["localhost:5000/nginx"],
  ]);
});

Deno.test("parseCopyNames() tells a pattern of tags from a port", () => {
  assert.deepEqual(read("r.example:5000/app:1.*", ["other.example/app"]), [
    "r.example:5000/app",
    "1.*",
    ["other.example/app"],
  ]);
  for (const source of ["r.example/a*p:1", "r.example:50*/app", "r.example/app:[1]*", "*"]) {
    assert.throws(() => read(source, ["other.example/app"]), { code: "REFERENCE_INVALID" }, source);
  }
});

Deno.test("parseCopyNames() does not make one image of several", () => {
  for (const destination of ["other.example/app:1", `other.example/app@sha256:${"a".repeat(64)}`]) {
    assert.throws(() => read("r.example/app:*", ["x.example/app", destination]), {
      code: "USAGE",
      message: `Cannot copy several tags to "${destination}": it is one`,
    });
  }
});

Deno.test("parseCopyNames() rewrites destinations as the configuration file says", () => {
  const rules = [{ from: parseRegistry("docker.io/library"), to: parseRegistry("r.example/hub") }];
  assert.deepEqual(read("nginx:1", ["nginx:2"], rules), [
    "docker.io/library/nginx:1",
    undefined,
    ["r.example/hub/nginx:2"],
  ]);
});
