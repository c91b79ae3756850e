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
}

/** An image of an archive: what a tag will point at. */
export interface Image {
  /** Its names in the archive, possibly none. */
  names: readonly Reference[];
  /** Its manifest or index. */
  root: ManifestNode;
}

/**
 * Every manifest of a tree, each digest once, children before parents: the order in which registries take them.
 *
 * @param root The top of the tree.
 * @returns The manifests; `root` comes last.
 */
export function* manifestsBottomUp(root: ManifestNode): Generator<ManifestNode> {
  yield* below(root, new Set());
}

/** Indexes may share children: without `seen`, a few small ones could name millions. */
function* below(node: ManifestNode, seen: Set<Digest>): Generator<ManifestNode> {
  const { digest } = node.descriptor;
  if (seen.has(digest)) return;
  seen.add(digest);
  for (const child of node.children) yield* below(child, seen);
  yield node;
}

/**
 * Every blob below a manifest, each digest once, in order of first mention.
 *
 * @param root A manifest or index.
 * @returns The blobs.
 */
export function distinctBlobs(root: ManifestNode): Descriptor[] {
  const blobs = new Map<string, Descriptor>();
  for (const manifest of manifestsBottomUp(root)) {
    for (const blob of manifest.blobs) if (!blobs.has(blob.digest)) blobs.set(blob.digest, blob);
  }
  return [...blobs.values()];
}
