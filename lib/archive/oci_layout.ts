import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import type { DockerSaveItem, ImageIndex } from "../spec/documents.ts";
import { type Image, type ManifestNode, manifestsBottomUp } from "../spec/image.ts";
import { isIndexType, isManifestType } from "../spec/media_type.ts";
import type { Reference } from "../spec/reference.ts";
import { attachReferrers } from "../spec/referrers.ts";
import { printable } from "../util/printable.ts";
import type { ArchiveContents } from "./archive_contents.ts";
import { normalizeEntryName } from "./entry_name.ts";
import { parseImageNames } from "./image_names.ts";
import { readManifestTree } from "./manifest_tree.ts";

/** Full name of the image, as containerd and docker write it. */
const IMAGE_NAME = "io.containerd.image.name";
/** Tag only (docker, containerd, umoci), full name (podman, skopeo) or whatever the user gave. */
const REF_NAME = "org.opencontainers.image.ref.name";
/** Marks what refers to an image and is none, such as an attestation (containerd 2.2 and later). */
const SUBJECT = "io.containerd.manifest.subject";

/** What `index.json` lists, equal digests as one. */
interface Root {
  descriptor: Descriptor;
  /** Full names, or only tags. */
  names: string[];
  /** Whether it refers to an image and is none. */
  isCompanion: boolean;
}

/**
 * Reads the images that the `index.json` of an OCI layout lists. Manifests, indexes and their digests stay as they are.
 *
 * @param contents The archive.
 * @param index What `index.json` says.
 * @param items What docker save's `manifest.json` says, where there is one beside it: names.
 * @returns The images, as far as the archive holds them.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if something is damaged, or nothing of an image is there.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export async function readOciLayout(
  contents: ArchiveContents,
  index: ImageIndex,
  items: readonly DockerSaveItem[],
): Promise<Image[]> {
  const roots = rootsOf(index, contents.notices);
  const trees = new Map<Digest, ManifestNode>();
  for (const { descriptor, isCompanion } of roots) {
    if (isCompanion || !isIndexType(descriptor.mediaType)) continue;
    trees.set(descriptor.digest, await readRoot(contents, descriptor));
  }
  const listed = new Set([...trees.values()].flatMap(listedDigests));
  const images: Image[] = [];
  const companions = new Set<ManifestNode>();
  for (const root of roots) {
    const { digest } = root.descriptor;
    // oras lists the platforms of an index beside it once more, without names.
    if (listed.has(digest) && root.names.length === 0) continue;
    const tree = trees.get(digest) ??
      await (root.isCompanion ? readManifestTree : readRoot)(contents, root.descriptor);
    if (!tree) continue;
    if (root.isCompanion) companions.add(tree);
    images.push({ names: readNames(root, itemsOf(tree, items), contents.notices), root: tree });
  }
  const own = attachReferrers(images).filter(({ root }) => !companions.has(root));
  return withoutOrphans(own, contents.notices);
}

/** What refers to something that is not there is no image; it is pushed if there is nothing else. */
function withoutOrphans(images: Image[], notices: string[]): Image[] {
  const others = images.filter(({ names, root }) => names.length > 0 || !root.subject);
  const orphans = images.length - others.length;
  if (orphans === 0 || others.length === 0) return images;
  notices.push(
    `Not pushed, since the archive lacks what they refer to: ${orphans} signatures, attestations or the like.`,
  );
  return others;
}

function rootsOf(index: ImageIndex, notices: string[]): Root[] {
  const roots = new Map<Digest, Root>();
  for (const descriptor of index.manifests) {
    const { mediaType, digest, annotations = {} } = descriptor;
    if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
      notices.push(
        `An entry of index.json is ignored: its type "${printable(mediaType)}" is not an image's.`,
      );
      continue;
    }
    const root = roots.get(digest) ?? { descriptor, names: [], isCompanion: SUBJECT in annotations };
    roots.set(digest, root);
    const name = annotations[IMAGE_NAME] ?? annotations[REF_NAME];
    if (name !== undefined && !root.isCompanion) root.names.push(name);
  }
  return [...roots.values()];
}

async function readRoot(contents: ArchiveContents, root: Descriptor): Promise<ManifestNode> {
  const tree = await readManifestTree(contents, root);
  const [entry] = contents.namesOf(root.digest);
  if (!tree) throw contents.corrupt(entry, `index.json lists "${entry}", which is missing`);
  return tree;
}

function listedDigests({ children, absent = [] }: ManifestNode): Digest[] {
  return [
    ...absent.map(({ digest }) => digest),
    ...children.flatMap((child) => [child.descriptor.digest, ...listedDigests(child)]),
  ];
}

/** A name without `/` and `:` is only a tag: the repository may be known to `manifest.json`, or to nobody. */
function readNames(root: Root, items: readonly DockerSaveItem[], notices: string[]): Reference[] {
  const fullNames = root.names.filter((name) => /[/:]/.test(name));
  if (fullNames.length > 0) return parseImageNames(fullNames, notices);
  const names = parseImageNames(items.flatMap((item) => item.RepoTags), notices);
  if (names.length === 0 && root.names.length > 0) {
    const tags = root.names.map((name) => `"${printable(name)}"`).join(", ");
    notices.push(`The archive names an image only by tag (${tags}), without a repository.`);
  }
  return names;
}

/** The items of `manifest.json` that stand for a manifest of this tree: they have its config. */
function itemsOf(tree: ManifestNode, items: readonly DockerSaveItem[]): DockerSaveItem[] {
  const configs = new Set<string | undefined>();
  for (const { blobs: [config] } of manifestsBottomUp(tree)) if (config) configs.add(config.digest);
  return items.filter((item) => configs.has(configDigest(item)));
}

function configDigest(item: DockerSaveItem): string | undefined {
  const [, hex] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(normalizeEntryName(item.Config) ?? "") ?? [];
  return hex && `sha256:${hex}`;
}
