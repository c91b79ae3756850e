import assert from "node:assert/strict";
import { blobRoles, roleText } from "../../../lib/spec/blob_roles.ts";
import { type Digest, sha256Digest } from "../../../lib/spec/digest.ts";
import type { ManifestNode } from "../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";

const digest = (digit: string): Digest => sha256Digest(digit.repeat(64));

function image(
  architecture: string,
  layers: readonly string[],
  parts: Partial<ManifestNode> = {},
): ManifestNode {
  const blob = (digit: string, mediaType: string) => ({ mediaType, digest: digest(digit), size: 1 });
  return {
    descriptor: {
      ...blob(architecture[0]!, MEDIA_TYPE.ociManifest),
      digest: digest(architecture === "arm64" ? "8" : "9"),
    },
    bytes: new Uint8Array(),
    blobs: [blob("0", MEDIA_TYPE.ociConfig), ...layers.map((digit) => blob(digit, MEDIA_TYPE.ociLayerGzip))],
    children: [],
    config: {
      os: "linux",
      architecture,
      rootfs: { diff_ids: layers.map((digit) => digest(digit === "1" ? "a" : "b")) },
    },
    ...parts,
  };
}

Deno.test("blobRoles() numbers layers and names their platform, as they are mentioned first", () => {
  const roles = blobRoles(image("amd64", ["1", "2"]), image("arm64", ["2", "3"]));
  const texts = ["0", "1", "2", "3"].map((digit) => roleText(roles.get(digest(digit))!));
  assert.deepEqual(texts, [
    "config of linux/amd64",
    "layer 1 of linux/amd64",
    "layer 2 of linux/amd64",
    "layer 2 of linux/arm64",
  ]);
  assert.deepEqual(roles.get(digest("1"))!.diffIds, [digest("a")]);
});

Deno.test("blobRoles() knows diff IDs of images only, and of layers that can be looked into", () => {
  const node = image("amd64", ["1"]);
  const [config, layer] = node.blobs;
  const encrypted = { ...layer!, mediaType: `${MEDIA_TYPE.ociLayerGzip}+encrypted` };
  const cases: ManifestNode[] = [
    { ...node, subject: node.descriptor },
    { ...node, config: undefined },
    { ...node, blobs: [config!, encrypted] },
    { ...node, blobs: [config!, layer!, layer!] },
  ];
  for (const each of cases) assert.deepEqual(blobRoles(each).get(digest("1"))!.diffIds, []);
});
