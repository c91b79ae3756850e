import assert from "node:assert/strict";
import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import type { ManifestNode } from "../../../../lib/spec/image.ts";
import {
  type FetchedImage,
  fetchImage,
  type FetchOptions,
} from "../../../../lib/transfer/fetch/fetch_image.ts";
import type { ImageOrigin } from "../../../../lib/transfer/ports.ts";
import { DEFAULT_RETRY_POLICY } from "../../../../lib/util/retry.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { attestationTree, digestsIn, imageTree, indexTree } from "../../../support/manifest_trees.ts";

/** A repository that holds manifests; what it was asked for. */
function originOf(...trees: ManifestNode[]): ImageOrigin & { asked: string[] } {
  const manifests = new Map<string, ManifestNode>();
  const add = (node: ManifestNode): void => {
    manifests.set(node.descriptor.digest, node);
    node.children.forEach(add);
  };
  trees.forEach(add);
  manifests.set("1", trees[0]!);
  const asked: string[] = [];
  return {
    name: "r.example/app",
    asked,
    readManifest(reference) {
      asked.push(reference);
      const node = manifests.get(reference);
      const { mediaType, digest, size } = node?.descriptor ?? {} as Descriptor;
      return Promise.resolve(node && { descriptor: { mediaType, digest, size }, bytes: node.bytes });
    },
    readBlob: () => Promise.reject(new Error("no blob is wanted")),
  };
}

/** Configs that are no image's are not fetched. */
const PLAIN = { configType: "application/x" };

async function fetch(
  origin: ImageOrigin,
  options: Partial<FetchOptions> = {},
): Promise<FetchedImage | undefined> {
  return await fetchImage(origin, "1", {
    policy: DEFAULT_RETRY_POLICY,
    clock: new FakeClock({ autoAdvance: true }),
    random: () => 0.5,
    signal: new AbortController().signal,
    onEvent: () => {},
    ...options,
  });
}

Deno.test("fetchImage() fetches an index with all below it, each manifest once", async () => {
  const amd64 = await imageTree("linux/amd64", "", PLAIN);
  const root = await indexTree([amd64, await imageTree("linux/arm64", "", PLAIN), await indexTree([amd64])]);
  const origin = originOf(root);
  const found = await fetch(origin);
  assert.deepEqual(digestsIn(found!.root), digestsIn(root));
  assert.deepEqual(found?.root.bytes, root.bytes);
});

Deno.test("fetchImage() does not ask for what is not wanted", async () => {
  const amd64 = await imageTree("linux/amd64", "", PLAIN);
  const arm64 = await imageTree("linux/arm64", "", PLAIN);
  const attestation = await attestationTree(amd64);
  const origin = originOf(await indexTree([amd64, arm64, attestation]));
  const found = await fetch(origin, { wants: ({ digest }) => digest === arm64.descriptor.digest });
  assert.deepEqual(found?.root.children.map(({ descriptor }) => descriptor.digest), [
    arm64.descriptor.digest,
  ]);
  assert.deepEqual(
    found?.root.absent?.map(({ digest }) => digest),
    [amd64, attestation].map(({ descriptor }) => descriptor.digest),
  );
  assert.deepEqual(origin.asked, ["1", arm64.descriptor.digest]);
});

Deno.test("fetchImage() knows no image that is not there, and refuses an index that is not complete", async () => {
  const root = await indexTree([await imageTree("linux/amd64", "", PLAIN)]);
  const origin = originOf({ ...root, children: [] });
  await assert.rejects(fetch(origin), { code: "REGISTRY_UNSUPPORTED", message: /the registry lacks it/ });
  const empty = { ...origin, readManifest: () => Promise.resolve(undefined) };
  assert.equal(await fetch(empty), undefined);
});

Deno.test("fetchImage() refuses indexes that are nested beyond measure, and documents of another kind", async () => {
  let root = await imageTree("linux/amd64", "", PLAIN);
  for (let depth = 0; depth < 10; depth++) root = await indexTree([root]);
  await assert.rejects(fetch(originOf(root)), {
    code: "REGISTRY_UNSUPPORTED",
    message: /nested more than 8 deep/,
  });
  const image = await imageTree("linux/amd64", "", PLAIN);
  const index = await indexTree([image]);
  const disguised = { ...index, descriptor: { ...index.descriptor, mediaType: image.descriptor.mediaType } };
  await assert.rejects(fetch(originOf(disguised)), { code: "REGISTRY_UNSUPPORTED" });
});
