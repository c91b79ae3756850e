import { type ManifestNode, manifestsBottomUp } from "../../spec/image.ts";
import { attachmentTags } from "../../spec/tag_pattern.ts";
import type { ImageOrigin } from "../ports.ts";
import { fetchImage, type FetchOptions } from "./fetch_image.ts";

/** Something that belongs to an image and has a tag of its own. */
export interface Attachment {
  /** Its tag, which holds the digest of what it belongs to. */
  tag: string;
  /** Its manifest. */
  root: ManifestNode;
}

/** How {@linkcode fetchAttachments} fetches. */
export interface AttachmentOptions extends FetchOptions {
  /** All tags of the repository, if they are known: what is not among them is not asked for. */
  tags?: ReadonlySet<string> | undefined;
}

/**
 * Fetches what cosign keeps for an image, and for manifests of it, under tags of their own: signatures, attestations,
 * SBOMs.
 *
 * @param root The image.
 * @param origin Where it is.
 * @param options Retries, time.
 * @returns What there is.
 * @throws {PusherError} As {@linkcode fetchImage}.
 */
export async function fetchAttachments(
  root: ManifestNode,
  origin: ImageOrigin,
  options: AttachmentOptions,
): Promise<Attachment[]> {
  const { tags } = options;
  const found: Attachment[] = [];
  for (const { descriptor } of manifestsBottomUp(root)) {
    const names = attachmentTags(descriptor.digest).filter((tag) => tags === undefined || tags.has(tag));
    const images = await Promise.all(names.map((tag) => fetchImage(origin, tag, options)));
    for (const [at, image] of images.entries()) {
      if (image) found.push({ tag: names[at]!, root: image.root });
    }
  }
  return found;
}
