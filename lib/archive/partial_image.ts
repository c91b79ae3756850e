import type { Descriptor } from "../spec/descriptor.ts";
import type { ManifestNode } from "../spec/image.ts";
import { formatPlatform } from "../spec/platform.ts";
import { printable } from "../util/printable.ts";
import type { ArchiveContents } from "./archive_contents.ts";
import { unsupportedArchive } from "./archive_error.ts";
import type { ManifestTree } from "./manifest_tree.ts";

/** What tells an attestation from a platform. */
const REFERENCE_TYPE = "vnd.docker.reference.type";

/** What decides when not all platforms are there. */
export interface PartialImageOptions {
  /** The archive; told what is left out. */
  contents: ArchiveContents;
  /** The image's name, for messages. */
  label: string;
  /** Configs of the images that the archive's maker prefers: docker's choice for the machine it ran on. */
  preferred: ReadonlySet<string | undefined>;
}

/**
 * Chooses what of an image can be pushed. A registry takes an index only with all it lists, attestations included, and
 * indexes are never rewritten. So of an index that is not whole (docker keeps the full one when it pulled one platform)
 * a single platform remains, as with `docker push`: the only one that is there, or else the one the maker prefers.
 *
 * @param tree The image.
 * @param options The archive, the image's name, the maker's choice.
 * @returns The manifest or index to push; it is whole.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if no platform is whole, `ARCHIVE_UNSUPPORTED` if several are and none is
 * preferred.
 */
export function choosePushable(tree: ManifestTree, options: PartialImageOptions): ManifestNode {
  const { contents, label, preferred } = options;
  if (!tree.missing) return tree.node;
  const leaves = leavesOf(tree);
  const whole = leaves.flatMap(({ descriptor, tree }) =>
    tree && !tree.missing && !isAttestation(descriptor) ? [tree.node] : []
  );
  const [entry] = contents.namesOf(tree.missing);
  if (whole.length === 0) throw contents.corrupt(entry, `of the image ${label}, "${entry}" is missing`);
  const [only, ...others] = whole;
  const chosen = others.length === 0 ? only : whole.find(({ blobs }) => preferred.has(blobs[0]?.digest));
  const present = whole.map(({ descriptor }) => labelOf(descriptor)).join(", ");
  const absent = leaves.flatMap(({ descriptor, tree }) => !tree || tree.missing ? [labelOf(descriptor)] : [])
    .join(", ");
  if (!chosen) throw severalPlatforms(contents.entries.path, label, { present, absent });
  contents.notices.push(
    `Of ${label} only ${
      labelOf(chosen.descriptor)
    } is used: the archive holds ${present} but lacks ${absent}, and ` +
      "an index that is not whole cannot be pushed.",
  );
  return chosen;
}

/** All that indexes list, through nested ones; of a manifest, nothing. */
function leavesOf(tree: ManifestTree): ManifestTree["listed"] {
  return tree.listed.flatMap((child) => child.tree?.listed.length ? leavesOf(child.tree) : [child]);
}

function isAttestation({ annotations }: Descriptor): boolean {
  return annotations?.[REFERENCE_TYPE] === "attestation-manifest";
}

function labelOf(descriptor: Descriptor): string {
  if (isAttestation(descriptor)) return "an attestation";
  return descriptor.platform ? printable(formatPlatform(descriptor.platform)) : descriptor.digest;
}

function severalPlatforms(
  path: string,
  label: string,
  { present, absent }: { present: string; absent: string },
): Error {
  return unsupportedArchive(path, {
    found: "partial index",
    reason: `of the image ${label} it holds ${present} but lacks ${absent}, ` +
      "and an index that is not whole cannot be pushed",
    hint: "Save the image again with all of its platforms, or with one, as docker save --platform does.",
  });
}
