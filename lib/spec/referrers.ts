import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { parseImageIndex, parseImageManifest } from "./documents.ts";
import { type Image, type ManifestNode, manifestsBottomUp } from "./image.ts";
import { writeIndex } from "./make_index.ts";
import { isIndexType, MEDIA_TYPE } from "./media_type.ts";

/**
 * Gives images what refers to them: manifests without a name whose `subject` is a manifest of theirs, or refers to one
 * in turn.
 *
 * @param images What an archive lists.
 * @returns The images, with their referrers; what refers to none of them stays an image of its own.
 */
export function attachReferrers(images: readonly Image[]): Image[] {
  const candidates = bySubject(images.filter(isReferrer).map(({ root }) => root));
  const attached = new Map<Image, ManifestNode[]>();
  for (const image of images) if (!isReferrer(image)) attached.set(image, collect(image.root, candidates));
  const taken = new Set([...attached.values()].flat());
  return images.filter(({ root }) => !taken.has(root)).map((image) => {
    const referrers = attached.get(image) ?? [];
    return referrers.length > 0 ? { ...image, referrers } : image;
  });
}

/**
 * The manifests that refer to a tree, directly or by one another.
 *
 * @param root The tree.
 * @param candidates Manifests that may.
 * @returns Those that do, each after what it refers to.
 */
export function referrersOf(root: ManifestNode, candidates: readonly ManifestNode[]): ManifestNode[] {
  return collect(root, bySubject(candidates));
}

/**
 * The tag under which registries without the referrers API keep what refers to a manifest.
 *
 * @param subject Digest of the manifest.
 * @returns For example `sha256-` with 64 digits.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function referrersTag(subject: Digest): string {
  const [algorithm = "", encoded = ""] = subject.split(":");
  return `${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`;
}

/**
 * Adds a manifest to the index behind a referrers tag.
 *
 * @param index Bytes of the index there is; none yet when absent.
 * @param referrer What refers.
 * @returns The new index; `undefined` if it lists the manifest already.
 * @throws {DocumentError} If there is something else than an index.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export async function withReferrer(
  index: Uint8Array | undefined,
  referrer: ManifestNode,
): Promise<Pick<ManifestNode, "descriptor" | "bytes"> | undefined> {
  const { manifests, annotations } = index ? parseImageIndex(index) : { manifests: [] };
  const entry = entryOf(referrer);
  if (manifests.some(({ digest }) => digest === entry.digest)) return undefined;
  return await writeIndex([...manifests, entry], { mediaType: MEDIA_TYPE.ociIndex, annotations });
}

function entryOf({ descriptor, bytes, blobs }: ManifestNode): Descriptor {
  const { mediaType, digest, size } = descriptor;
  const { artifactType, annotations } = isIndexType(mediaType)
    ? parseImageIndex(bytes)
    : parseImageManifest(bytes);
  return { mediaType, digest, size, artifactType: artifactType ?? blobs[0]?.mediaType, annotations };
}

function isReferrer({ names, root }: Image): boolean {
  return names.length === 0 && root.subject !== undefined;
}

function bySubject(candidates: readonly ManifestNode[]): ReadonlyMap<Digest | undefined, ManifestNode[]> {
  return Map.groupBy(candidates, ({ subject }) => subject?.digest);
}

function collect(
  root: ManifestNode,
  candidates: ReadonlyMap<Digest | undefined, ManifestNode[]>,
): ManifestNode[] {
  const found = new Set<ManifestNode>();
  const trees = [root];
  // Grows while it is gone through.
  for (const tree of trees) {
    for (const { descriptor } of manifestsBottomUp(tree)) {
      for (const referrer of candidates.get(descriptor.digest) ?? []) {
        if (found.has(referrer)) continue;
        found.add(referrer);
        trees.push(referrer);
      }
    }
  }
  return [...found];
}
