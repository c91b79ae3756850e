import assert from "node:assert/strict";
import { shapeImage, type ShapeOptions } from "../../../../lib/commands/push/shape_image.ts";
import { type ErrorCode, isPusherError } from "../../../../lib/errors.ts";
import type { ManifestNode } from "../../../../lib/spec/image.ts";
import { parsePlatform } from "../../../../lib/spec/platform.ts";
import {
  attestationTree,
  digestsIn,
  forPlatform,
  imageTree,
  indexTree,
} from "../../../support/manifest_trees.ts";
import { sourcedImage } from "./sourced_images.ts";

const amd64 = await imageTree("linux/amd64");
const arm64 = forPlatform(await imageTree("linux/arm64"), { os: "linux", architecture: "arm64" });
const s390x = forPlatform(await imageTree("linux/s390x", "", { isPartial: true }), {
  os: "linux",
  architecture: "s390x",
});
const ofAmd64 = await attestationTree(amd64);
const all = await indexTree([amd64, arm64, ofAmd64]);

async function shaped(
  root: ManifestNode,
  options: ShapeOptions & { names?: string[] } = {},
): Promise<{ root: ManifestNode; notice: string | undefined }> {
  const { image, notice } = await shapeImage(
    sourcedImage(root, ...options.names ?? ["r.example/app:1"]),
    options,
  );
  return { root: image.root, notice: notice?.replace(/sha256:[0-9a-f]{64}/g, "DIGEST") };
}

async function refuses(
  root: ManifestNode,
  options: ShapeOptions,
  code: ErrorCode,
  text: RegExp,
): Promise<void> {
  await assert.rejects(() => shaped(root, options), (error) => {
    assert(isPusherError(error, code), String(error));
    assert.match(`${error.message} (${error.hint})`, text);
    return true;
  });
}

const platforms = (...texts: string[]): ShapeOptions => ({
  platforms: texts.map((text) => parsePlatform(text)!),
});

Deno.test("shapeImage() changes nothing and says nothing when nothing has to change", async () => {
  for (
    const options of [
      {},
      { attestations: true, format: "oci" as const },
      platforms("linux/amd64", "linux/arm64"),
    ]
  ) {
    const { root, notice } = await shaped(all, options);
    assert.deepEqual([digestsIn(root), notice], [digestsIn(all), undefined]);
  }
  assert.equal((await shaped(amd64, { ...platforms("linux/amd64"), attestations: false })).notice, undefined);
});

Deno.test("shapeImage() says what it makes of an image, and whether the digest is new", async () => {
  const partial = await indexTree([amd64, ofAmd64, s390x], { absent: [arm64] });
  const cases: [ManifestNode, ShapeOptions, unknown, string][] = [
    [all, platforms("linux/arm64"), digestsIn(arm64), "is pushed as DIGEST, for linux/arm64 only."],
    [
      all,
      { attestations: false },
      [digestsIn(amd64), digestsIn(arm64)],
      "is pushed under the new digest DIGEST, without attestations.",
    ],
    [
      partial,
      {},
      digestsIn(amd64),
      "is pushed as DIGEST, for linux/amd64 only (the archive lacks linux/s390x, linux/arm64).",
    ],
    [
      await indexTree([amd64, arm64, ofAmd64], { absent: [s390x] }),
      {},
      [amd64, arm64, ofAmd64].map(digestsIn),
      "is pushed under the new digest DIGEST, for linux/amd64, linux/arm64 only (the archive lacks linux/s390x).",
    ],
    [
      await indexTree([amd64], { absent: [ofAmd64] }),
      {},
      digestsIn(amd64),
      "is pushed as DIGEST, for linux/amd64 only (the archive lacks an attestation).",
    ],
  ];
  for (const [image, options, expected, text] of cases) {
    const { root, notice } = await shaped(image, options);
    assert.deepEqual([digestsIn(root), notice], [expected, `r.example/app:1 ${text}`]);
  }
});

Deno.test("shapeImage() does several things to an image at once", async () => {
  const index = await indexTree([amd64, arm64, s390x, ofAmd64]);
  const { root, notice } = await shaped(index, {
    ...platforms("linux/amd64", "linux/arm64"),
    format: "docker",
  });
  assert.equal(root.children.length, 2);
  assert.equal(
    notice,
    "r.example/app:1 is pushed under the new digest DIGEST, for linux/amd64, linux/arm64 only, without " +
      "attestations, in docker's format.",
  );
});

Deno.test("shapeImage() calls an image without a name by its digest, and escapes what archives say", async () => {
  const odd = {
    ...arm64,
    descriptor: { ...arm64.descriptor, platform: { os: "a\u{1b}[2J", architecture: "b" } },
  };
  const { notice } = await shaped(await indexTree([amd64], { absent: [odd] }), { names: [] });
  assert.equal(notice, "DIGEST is pushed as DIGEST, for linux/amd64 only (the archive lacks a\\u{1b}[2J/b).");
});

Deno.test("shapeImage() refuses a platform that is not there, and says what is", async () => {
  const index = await indexTree([amd64, ofAmd64, s390x], { absent: [arm64] });
  await refuses(
    index,
    platforms("linux/arm64", "linux/amd64", "linux/386"),
    "IMAGE_NOT_FOUND",
    /^Cannot find linux\/arm64, linux\/386 in the image "r\.example\/app:1" \(It holds linux\/amd64; it lists, but the archive lacks, linux\/s390x, linux\/arm64\.\)$/,
  );
  await refuses(amd64, platforms("linux/arm64"), "IMAGE_NOT_FOUND", /\(It holds linux\/amd64\.\)$/);
});

Deno.test("shapeImage() refuses an image of which nothing is whole", async () => {
  await refuses(
    s390x,
    {},
    "ARCHIVE_CORRUPT",
    /^Cannot open "app\.tar": of the image r\.example\/app:1, sha256:[0-9a-f]{64} is missing \(/,
  );
  await refuses(
    await indexTree([s390x, ofAmd64], { absent: [arm64] }),
    {},
    "ARCHIVE_CORRUPT",
    /is missing, and nothing is whole of linux\/s390x, linux\/arm64 \(/,
  );
});

Deno.test("shapeImage() keeps what the archive's list says of an image: where it was pulled from", async () => {
  const annotations = { "containerd.io/distribution.source.r.example": "team/app" };
  const { root } = await shaped(
    { ...all, descriptor: { ...all.descriptor, annotations } },
    platforms("linux/arm64"),
  );
  assert.deepEqual(root.descriptor.annotations, annotations);
});

Deno.test("shapeImage() keeps what refers to what is pushed, and says how much else there was", async () => {
  const artifactType = "application/vnd.docker.attestation.manifest.v1+json";
  const sbom = await imageTree("linux/amd64", "sbom", { subject: amd64 });
  const signature = await imageTree("linux/amd64", "signature", { subject: sbom });
  const ofIndex = await imageTree("linux/amd64", "of the index", { subject: all });
  const partial = await imageTree("linux/amd64", "partial", { subject: amd64, isPartial: true });
  const tree = await imageTree("linux/amd64", "attestation", { subject: amd64, artifactType });
  const attestation = { ...tree, descriptor: { ...tree.descriptor, artifactType } };
  const image = {
    ...sourcedImage(all, "r.example/app:1"),
    referrers: [sbom, signature, ofIndex, partial, attestation],
  };
  const cases: [ShapeOptions, ManifestNode[], RegExp][] = [
    [{}, [sbom, signature, ofIndex, attestation], /without 1 of the manifests that refer to it\.$/],
    [platforms("linux/amd64"), [sbom, signature, attestation], /only, without 2 of the manifests/],
    [{ ...platforms("linux/amd64"), attestations: false }, [sbom, signature], /only, without 3 of/],
    [platforms("linux/arm64"), [], /only, without 5 of the manifests that refer to it\.$/],
  ];
  for (const [options, kept, text] of cases) {
    const { image: { referrers = [] }, notice } = await shapeImage(image, options);
    assert.deepEqual(new Set(referrers), new Set(kept));
    assert.match(notice!, text);
  }
});
