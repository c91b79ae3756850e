import { PusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import { DocumentError, parseImageIndex } from "../../spec/documents.ts";
import { type ManifestNode, manifestsBottomUp } from "../../spec/image.ts";
import { referrersOf, referrersTag } from "../../spec/referrers.ts";
import type { CopyOrigin } from "../ports.ts";
import { retryTelling, type TellingContext } from "../retry_telling.ts";
import { fetchImage } from "./fetch_image.ts";

/** Most manifests that refer to one image, one another included; signatures and SBOMs are some for each platform. */
const MAX_REFERRERS = 1_000;

/**
 * Fetches what refers to an image or to manifests of it, and what refers to that in turn: signatures, SBOMs, attestations.
 * A registry without the referrers API is asked for the tag under which clients keep these lists.
 *
 * @param root The image.
 * @param origin Where it is.
 * @param options Retries, time.
 * @returns What refers to it, each after what it refers to; not what the image consists of itself.
 * @throws {PusherError} As {@linkcode fetchImage}, and `REGISTRY_UNSUPPORTED` if there is too much of it.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function fetchReferrers(
  root: ManifestNode,
  origin: CopyOrigin,
  options: TellingContext,
): Promise<ManifestNode[]> {
  const known = new Set<Digest>();
  const subjects: Digest[] = [];
  const add = (tree: ManifestNode): void => {
    for (const { descriptor: { digest } } of manifestsBottomUp(tree)) {
      if (known.has(digest)) continue;
      known.add(digest);
      subjects.push(digest);
    }
  };
  add(root);
  const found: ManifestNode[] = [];
  // Grows while it is gone through.
  for (const subject of subjects) {
    for (const { digest } of await listReferrers(subject, origin, options)) {
      if (known.has(digest)) continue;
      if (found.length === MAX_REFERRERS) throw tooMany(root, origin);
      const referrer = await fetchImage(origin, digest, options);
      // A list may be older than what it names.
      if (!referrer) continue;
      found.push(referrer.root);
      add(referrer.root);
    }
  }
  // What only a list says to refer to something does not.
  return referrersOf(root, found);
}

async function listReferrers(
  subject: Digest,
  origin: CopyOrigin,
  options: TellingContext,
): Promise<readonly Descriptor[]> {
  const { signal } = options;
  const listed = await retryTelling(() => origin.listReferrers(subject, signal), origin.name, options);
  if (listed) return listed;
  const index = await retryTelling(
    () => origin.readManifest(referrersTag(subject), signal),
    origin.name,
    options,
  );
  try {
    return index ? parseImageIndex(index.bytes).manifests : [];
  } catch (error) {
    // Somebody else's tag.
    if (error instanceof DocumentError) return [];
    throw error;
  }
}

function tooMany({ descriptor: { digest } }: ManifestNode, { name }: CopyOrigin): PusherError {
  return new PusherError(
    "REGISTRY_UNSUPPORTED",
    `Cannot read what refers to "${name}@${digest}": it is more than ${MAX_REFERRERS} manifests`,
    {
      detail: { registry: name, request: `GET referrers ${digest}` },
      hint: "Leave --referrers out, and copy those you need by their digests.",
    },
  );
}
