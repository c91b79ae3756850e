/**
 * How the entries of an image layout's index say which repository and tag they are of.
 *
 * @module
 */

import { isPusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import { formatReference, isRepository, isTag, parseReference } from "../../spec/reference.ts";

/** What `skopeo copy oci:DIR:NAME` looks for. Others write only the tag here, or a full name. */
const REF_NAME = "org.opencontainers.image.ref.name";
/** What containerd and docker look for: a full name. */
const IMAGE_NAME = "io.containerd.image.name";
/** Repository of a manifest without a tag: any name would make an image of it for other tools. */
const REPOSITORY = "io.github.yorelog.docker-image-pusher.repository";

/** Where a manifest is. */
export interface LayoutPlace {
  /** Its repository. */
  repository: string;
  /** Its tag, if any. */
  tag?: string | undefined;
}

/**
 * Finds out where an entry belongs, also one that another tool has written.
 *
 * @param entry An entry of `index.json`.
 * @returns Its repository and tag; `undefined` if it does not say.
 */
export function placeOf({ annotations = {} }: Descriptor): LayoutPlace | undefined {
  const repository = annotations[REPOSITORY];
  if (repository !== undefined) return isRepository(repository) ? { repository } : undefined;
  return splitName(annotations[REF_NAME]) ?? familiarPlace(annotations[IMAGE_NAME]);
}

/**
 * Lists a manifest. A tag that pointed at another one is taken from it; that one stays, without a tag.
 *
 * @param entries Entries of `index.json`.
 * @param manifest The manifest.
 * @param place Where it shall be.
 * @returns The entries then.
 */
export function withEntry(
  entries: readonly Descriptor[],
  manifest: Descriptor,
  { repository, tag }: LayoutPlace,
): readonly Descriptor[] {
  const { mediaType, digest, size } = manifest;
  const isListed = entries.some((entry) => entry.digest === digest && isIn(entry, repository));
  if (tag === undefined && isListed) return entries;
  const rest = tag === undefined ? entries : withoutTag(entries, { repository, tag });
  const others = rest.filter((entry) => entry.digest !== digest || !isUntagged(entry, repository));
  return [...others, { mediaType, digest, size, annotations: annotationsFor({ repository, tag }) }];
}

/**
 * Takes a tag away. What it pointed at stays, without a tag if it has no other one.
 *
 * @param entries Entries of `index.json`.
 * @param place Repository and tag.
 * @returns The entries then; the same if there is no such tag.
 */
export function withoutTag(
  entries: readonly Descriptor[],
  { repository, tag }: LayoutPlace,
): readonly Descriptor[] {
  const isTagged = (entry: Descriptor): boolean => {
    const place = placeOf(entry);
    return place?.repository === repository && place.tag === tag;
  };
  const tagged = entries.find(isTagged);
  if (!tagged) return entries;
  const rest = entries.filter((entry) => !isTagged(entry));
  if (rest.some((entry) => entry.digest === tagged.digest && isIn(entry, repository))) return rest;
  return [...rest, { ...tagged, annotations: annotationsFor({ repository }) }];
}

/**
 * Takes a manifest away from a repository, with its tags.
 *
 * @param entries Entries of `index.json`.
 * @param digest Which.
 * @param repository Where.
 * @returns The entries then; the same if it was not there.
 */
export function withoutManifest(
  entries: readonly Descriptor[],
  digest: Digest,
  repository: string,
): readonly Descriptor[] {
  const rest = entries.filter((entry) => entry.digest !== digest || !isIn(entry, repository));
  return rest.length < entries.length ? rest : entries;
}

function isIn(entry: Descriptor, repository: string): boolean {
  return placeOf(entry)?.repository === repository;
}

function isUntagged(entry: Descriptor, repository: string): boolean {
  return isIn(entry, repository) && placeOf(entry)?.tag === undefined;
}

function annotationsFor({ repository, tag }: LayoutPlace): Record<string, string> {
  if (tag === undefined) return { [REPOSITORY]: repository };
  const name = `${repository}:${tag}`;
  const fullName = familiarName(name);
  return { [REF_NAME]: name, ...(fullName === undefined ? {} : { [IMAGE_NAME]: fullName }) };
}

function splitName(name = ""): LayoutPlace | undefined {
  const [, repository = "", tag = ""] = /^(.+):([^:/]+)$/.exec(name) ?? [];
  return isRepository(repository) && isTag(tag) ? { repository, tag } : undefined;
}

function familiarPlace(name: string | undefined): LayoutPlace | undefined {
  const [, repository, tag] = /^[^/]+\/(.+):([^:/]+)$/.exec(familiarName(name ?? "") ?? "") ?? [];
  return repository === undefined ? undefined : { repository, tag };
}

/** As docker reads the name: with its registry. */
function familiarName(name: string): string | undefined {
  try {
    return formatReference({ ...parseReference(name), digest: undefined });
  } catch (error) {
    if (isPusherError(error, "REFERENCE_INVALID")) return undefined;
    throw error;
  }
}
