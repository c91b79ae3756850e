import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import type { ImageConfig } from "./documents.ts";
import type { Reference } from "./reference.ts";

/** A manifest or index with its bytes, the blobs it names and the manifests below it. */
export interface ManifestNode {
  /** Its type, digest and size; `platform` and `annotations` as its parent gave them. */
  descriptor: Descriptor;
  /** The exact bytes that the digest is of. */
  bytes: Uint8Array;
  /** Config first, then layers, base first; empty for an index. A blob may repeat. */
  blobs: readonly Descriptor[];
  /** Of an index: what it lists and the archive holds. */
  children: readonly ManifestNode[];
  /** Of an image: its config; absent for indexes and artifacts. */
  config?: ImageConfig | undefined;
  /** What it names that is not there, except non-distributable layers. Registries take only what is whole. */
  absent?: readonly Descriptor[] | undefined;
  /** What it refers to: set for signatures, attestations and the like. */
  subject?: Descriptor | undefined;
}

/** An image of an archive: what a tag will point at. */
export interface Image {
  /** Its names in the archive, possibly none. */
  names: readonly Reference[];
  /** Its manifest or index. */
  root: ManifestNode;
  /** Digest that it has in its archive, where `root` is something else that was made of it. */
  archiveDigest?: Digest | undefined;
  /** What refers to it or to manifests of it, and goes where it goes: not part of `root`, found by `subject`. */
  referrers?: readonly ManifestNode[] | undefined;
}

/**
 * The manifests that an image consists of, each with all below it.
 *
 * @param image An image.
 * @returns Its root, then what refers to it.
 */
export function treesOf(image: Image): ManifestNode[] {
  return [image.root, ...image.referrers ?? []];
}

/**
 * Whether a manifest and all below it is there, so that a registry will take it.
 *
 * @param root A manifest or index.
 * @returns Whether nothing is absent.
 */
export function isWhole(root: ManifestNode): boolean {
  for (const { absent } of manifestsBottomUp(root)) if (absent?.length) return false;
  return true;
}

/**
 * Every manifest of trees, each digest once, in the order in which registries take them: children before parents, and
 * what refers to another manifest after those that do not.
 *
 * @param roots The tops of the trees.
 * @returns The manifests; each root comes after all below it.
 */
export function* manifestsBottomUp(...roots: ManifestNode[]): Generator<ManifestNode> {
  const seen = new Set<Digest>();
  for (const root of roots) yield* below(root, seen);
}

/** Indexes may share children: without `seen`, a few small ones could name millions. */
function* below(node: ManifestNode, seen: Set<Digest>): Generator<ManifestNode> {
  const { digest } = node.descriptor;
  if (seen.has(digest)) return;
  seen.add(digest);
  const referring = node.children.filter(({ subject }) => subject);
  const others = node.children.filter(({ subject }) => !subject);
  for (const child of [...others, ...referring]) yield* below(child, seen);
  yield node;
}

/**
 * Every blob below manifests, each digest once, in order of first mention.
 *
 * @param roots Manifests or indexes.
 * @returns The blobs.
 */
export function distinctBlobs(...roots: ManifestNode[]): Descriptor[] {
  const blobs = new Map<string, Descriptor>();
  for (const manifest of manifestsBottomUp(...roots)) {
    for (const blob of manifest.blobs) if (!blobs.has(blob.digest)) blobs.set(blob.digest, blob);
  }
  return [...blobs.values()];
}
