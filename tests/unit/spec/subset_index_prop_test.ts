import assert from "node:assert/strict";
import fc from "fast-check";
import { convertFormat } from "../../../lib/spec/convert_format.ts";
import { isWhole, type ManifestNode } from "../../../lib/spec/image.ts";
import { pickPlatforms } from "../../../lib/spec/pick_platforms.ts";
import { formatPlatform, type Platform } from "../../../lib/spec/platform.ts";
import { attestationsOf, platformImages, platformOf, subjectOf } from "../../../lib/spec/platform_images.ts";
import { wholePart } from "../../../lib/spec/whole_part.ts";
import { withoutAttestations } from "../../../lib/spec/without_attestations.ts";
import {
  assertConsistent,
  attestationTree,
  forPlatform,
  imageTree,
  indexTree,
} from "../../support/manifest_trees.ts";

const ARCHITECTURES = ["amd64", "arm64", "arm", "s390x", "ppc64le"];

/** What is made of one platform. */
interface Wish {
  architecture: string;
  state: "whole" | "partial" | "absent";
  isAttested: boolean;
  isNested: boolean;
}

const wishes = fc.uniqueArray(
  fc.record({
    architecture: fc.constantFrom(...ARCHITECTURES),
    state: fc.constantFrom("whole" as const, "whole" as const, "partial" as const, "absent" as const),
    isAttested: fc.boolean(),
    isNested: fc.boolean(),
  }),
  { selector: ({ architecture }) => architecture, minLength: 1 },
);

async function indexOf(list: readonly Wish[]): Promise<ManifestNode> {
  const children: ManifestNode[] = [];
  const absent: ManifestNode[] = [];
  for (const { architecture, state, isAttested, isNested } of list) {
    const tree = await imageTree(`linux/${architecture}`, "", { isPartial: state === "partial" });
    const image = forPlatform(tree, { os: "linux", architecture });
    const part = isAttested ? [image, await attestationTree(image)] : [image];
    if (state === "absent") absent.push(image);
    else if (isNested) children.push(await indexTree(part));
    else children.push(...part);
  }
  return await indexTree(children, { absent });
}

const names = (root: ManifestNode): string[] =>
  platformImages(root).map((node) => formatPlatform(platformOf(node)!));
const wholeOnes = (list: readonly Wish[]): string[] =>
  list.filter(({ state }) => state === "whole").map(({ architecture }) => `linux/${architecture}`);

/** What a registry takes, and every attestation in it is of an image in it. */
async function assertPushable(root: ManifestNode): Promise<void> {
  await assertConsistent(root);
  assert(isWhole(root));
  const digests = new Set(platformImages(root).map(({ descriptor }) => descriptor.digest as string));
  for (const attestation of attestationsOf(root)) assert(digests.has(subjectOf(attestation)!));
}

Deno.test("wholePart() holds every platform that is whole and nothing else, whatever an index lists", async () => {
  await fc.assert(fc.asyncProperty(wishes, async (list) => {
    const part = await wholePart(await indexOf(list));
    const expected = wholeOnes(list);
    if (expected.length === 0) return assert.equal(part, undefined);
    assert.deepEqual(names(part!).sort(), expected.sort());
    await assertPushable(part!);
  }));
});

Deno.test("pickPlatforms() gives what was asked for or says what is missing, whatever an index lists", async () => {
  await fc.assert(
    fc.asyncProperty(wishes, fc.subarray(ARCHITECTURES, { minLength: 1 }), async (list, asked) => {
      const platforms: Platform[] = asked.map((architecture) => ({ os: "linux", architecture }));
      const { picked, missing } = await pickPlatforms(await indexOf(list), platforms);
      const held = wholeOnes(list);
      const wanted = platforms.map(formatPlatform);
      assert.deepEqual(missing.map(formatPlatform), wanted.filter((each) => !held.includes(each)));
      assert.deepEqual(
        picked ? names(picked).sort() : [],
        held.filter((each) => wanted.includes(each)).sort(),
      );
      if (picked) await assertPushable(picked);
    }),
  );
});

Deno.test("withoutAttestations() and convertFormat() keep the platforms, and a second time change nothing", async () => {
  const whole = wishes.map((list) => list.map((wish) => ({ ...wish, state: "whole" as const })));
  await fc.assert(fc.asyncProperty(whole, async (list) => {
    const root = await indexOf(list);
    const plain = await withoutAttestations(root);
    await assertPushable(plain);
    assert.equal(attestationsOf(plain).length, 0);
    assert.deepEqual(names(plain).sort(), names(root).sort());
    assert.equal(await withoutAttestations(plain), plain);
    const docker = await convertFormat(root, "docker");
    await assertPushable(docker);
    assert.deepEqual(names(docker).sort(), names(root).sort());
    assert.equal(await convertFormat(docker, "docker"), docker);
    const oci = await convertFormat(docker, "oci");
    await assertPushable(oci);
    assert.equal((await convertFormat(oci, "docker")).descriptor.digest, docker.descriptor.digest);
  }));
});
