import assert from "node:assert/strict";
import {
  placeOf,
  withEntry,
  withoutManifest,
  withoutTag,
} from "../../../../lib/server/layout/layout_entry.ts";
import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import { sha256Digest } from "../../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
const IMAGE_NAME = "io.containerd.image.name";

function manifest(digit: string, annotations?: Record<string, string>): Descriptor {
  return { mediaType: MEDIA_TYPE.ociManifest, digest: sha256Digest(digit.repeat(64)), size: 2, annotations };
}

function placesOf(entries: readonly Descriptor[]): unknown[] {
  return entries.map((entry) => {
    const { repository, tag } = placeOf(entry) ?? {};
    return [entry.digest.slice(-1), repository, tag];
  });
}

Deno.test("placeOf() reads what skopeo, containerd and podman write", () => {
  const places: [annotations: Record<string, string>, place: unknown][] = [
    [{ [REF_NAME]: "team/app:1" }, { repository: "team/app", tag: "1" }],
    [{ [REF_NAME]: "1", [IMAGE_NAME]: "docker.io/team/app:1" }, { repository: "team/app", tag: "1" }],
    [{ [IMAGE_NAME]: "r.example:5000/app:2" }, { repository: "app", tag: "2" }],
    [{ [REF_NAME]: "latest" }, undefined],
    [{ [REF_NAME]: "Team/App:1" }, undefined],
    [{}, undefined],
  ];
  for (const [annotations, place] of places) assert.deepEqual(placeOf(manifest("a", annotations)), place);
});

Deno.test("withEntry() names a manifest for skopeo and for containerd", () => {
  const [entry] = withEntry([], manifest("a"), { repository: "app", tag: "1" });
  assert.deepEqual(entry?.annotations, { [REF_NAME]: "app:1", [IMAGE_NAME]: "docker.io/library/app:1" });
});

Deno.test("withEntry() moves a tag, and keeps what it pointed at", () => {
  const one = withEntry([], manifest("a"), { repository: "app", tag: "1" });
  const moved = withEntry(one, manifest("b"), { repository: "app", tag: "1" });
  assert.deepEqual(placesOf(moved), [["a", "app", undefined], ["b", "app", "1"]]);
  const back = withEntry(moved, manifest("a"), { repository: "app", tag: "1" });
  assert.deepEqual(placesOf(back), [["b", "app", undefined], ["a", "app", "1"]]);
  assert.equal(withEntry(back, manifest("a"), { repository: "app" }), back);
  assert.deepEqual(placesOf(withEntry(back, manifest("a"), { repository: "other", tag: "1" })).length, 3);
});

Deno.test("withoutTag() and withoutManifest() change nothing where there is nothing", () => {
  const entries = withEntry([], manifest("a"), { repository: "app", tag: "1" });
  assert.equal(withoutTag(entries, { repository: "app", tag: "2" }), entries);
  assert.equal(withoutManifest(entries, manifest("a").digest, "other"), entries);
  assert.deepEqual(placesOf(withoutTag(entries, { repository: "app", tag: "1" })), [["a", "app", undefined]]);
  assert.deepEqual(withoutManifest(entries, manifest("a").digest, "app"), []);
});
