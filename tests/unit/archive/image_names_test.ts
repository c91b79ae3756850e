import assert from "node:assert/strict";
import { mergeEqualImages, parseImageNames } from "../../../lib/archive/image_names.ts";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import type { Image } from "../../../lib/spec/image.ts";
import { formatReference, parseReference } from "../../../lib/spec/reference.ts";

function parse(...texts: string[]): { names: string[]; notices: string[] } {
  const notices: string[] = [];
  return { names: parseImageNames(texts, notices).map(formatReference), notices };
}

Deno.test("parseImageNames() completes familiar names and keeps full ones", () => {
  assert.deepEqual(parse("t/img:1", "localhost/t/img:1", "r.example:5000/a", `x@sha256:${"a".repeat(64)}`), {
    names: [
      "docker.io/t/img:1",
      "localhost/t/img:1",
      "r.example:5000/a:latest",
      `docker.io/library/x@sha256:${"a".repeat(64)}`,
    ],
    notices: [],
  });
});

Deno.test("parseImageNames() gives each name once", () => {
  assert.deepEqual(parse("nginx", "docker.io/library/nginx:latest").names, [
    "docker.io/library/nginx:latest",
  ]);
});

Deno.test("parseImageNames() leaves out what is no name, and says so without obeying it", () => {
  const { names, notices } = parse("../../etc/passwd", "a/UPPER:1", "a:b\u{1b}[31m", "", "fine:1");
  assert.deepEqual(names, ["docker.io/library/fine:1"]);
  assert.equal(notices.length, 4);
  assert.match(
    notices[2]!,
    /^Cannot read "a:b\\u\{1b\}\[31m" as an image reference: .*; this name is ignored\.$/,
  );
});

Deno.test("parseImageNames() leaves out the tag that crane makes up for images pulled by digest", () => {
  assert.deepEqual(parse("r.example/a:i-was-a-digest"), { names: [], notices: [] });
});

Deno.test("mergeEqualImages() makes several names of images with one digest", () => {
  const image = (digit: string, ...names: string[]): Image => ({
    names: names.map(parseReference),
    root: {
      descriptor: { mediaType: "x", digest: sha256Digest(digit.repeat(64)), size: 1 },
      bytes: new Uint8Array(1),
      blobs: [],
      children: [],
    },
  });
  const merged = mergeEqualImages([image("a", "x:1"), image("b", "y:1"), image("a", "x:1", "x:2")]);
  assert.deepEqual(
    merged.map(({ names, root }) => [root.descriptor.digest.slice(7, 8), ...names.map(formatReference)]),
    [["a", "docker.io/library/x:1", "docker.io/library/x:2"], ["b", "docker.io/library/y:1"]],
  );
});
