import assert from "node:assert/strict";
import { sha256Digest } from "../../../../lib/spec/digest.ts";
import type { Image } from "../../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { parseReference } from "../../../../lib/spec/reference.ts";
import { type EarlierPush, mountSources } from "../../../../lib/transfer/push/mount_sources.ts";

function image(names: string[], annotations?: Record<string, string>): Image {
  const descriptor = {
    mediaType: MEDIA_TYPE.ociManifest,
    digest: sha256Digest("ab".repeat(32)),
    size: 2,
    annotations,
  };
  return {
    names: names.map(parseReference),
    root: { descriptor, bytes: new Uint8Array(), blobs: [], children: [] },
  };
}

const sources = (image: Image, target: string, ...pushes: [string, string][]): string[] =>
  mountSources(
    image,
    parseReference(target),
    pushes.map(([image, target]): EarlierPush => ({ image, target })),
  );

Deno.test("mountSources() finds where images of the same name went before, the newest first", () => {
  const app = image(["any.example/team/app:2"]);
  assert.deepEqual(
    sources(
      app,
      "r.example/new/app:2",
      ["team/app:1", "r.example/old/app:1"],
      ["team/app:1", "r.example/newer/app:1"],
      ["team/app@sha256:1", "r.example/old/app:2"],
      ["team/app:1", "other.example/app:1"],
      ["team/application:1", "r.example/application:1"],
      ["team/app:1", "r.example/new/app:1"],
    ),
    ["old/app", "newer/app"],
  );
});

Deno.test("mountSources() believes where containerd says an image was pulled from", () => {
  const annotations = { "containerd.io/distribution.source.r.example": "team/base,team/other" };
  assert.deepEqual(sources(image(["app"], annotations), "r.example:5000/x/app:1"), [
    "team/base",
    "team/other",
  ]);
  assert.deepEqual(sources(image(["app"], annotations), "s.example/x/app:1"), []);
  assert.deepEqual(
    sources(image([], annotations), "r.example/team/base:1"),
    ["team/other"],
    "not from itself",
  );
});

Deno.test("mountSources() takes nothing from hostile annotations", () => {
  for (const text of ["../../etc", "a&from=b", "x?y", "//evil.example/x", "A", "", ",", "\x1b", "a b"]) {
    const annotations = { "containerd.io/distribution.source.r.example": text };
    assert.deepEqual(sources(image(["app"], annotations), "r.example/x:1"), [], JSON.stringify(text));
  }
});
