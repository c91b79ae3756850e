import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import { distinctBlobs, type Image, treesOf } from "../../spec/image.ts";
import { isNonDistributable } from "../../spec/media_type.ts";
import type { BlobSource, PushTarget } from "../ports.ts";

/** One image on its way to one repository. */
export interface PushJob {
  /** What to push. */
  image: Image;
  /** Where its blobs are. */
  source: BlobSource;
  /** Where it goes. */
  target: PushTarget;
  /** The tag to write at the end; pushed by digest only when absent. */
  tag: string | undefined;
  /** Repositories of the same registry that may hold its blobs, the likeliest first. */
  mountFrom?: readonly string[] | undefined;
}

/**
 * The name under which a job's image will be found.
 *
 * @param job A job.
 * @returns `registry/repository:tag`, or with a digest where there is no tag.
 */
export function jobReference(job: PushJob): string {
  const { target, tag, image } = job;
  return tag === undefined ? `${target.name}@${image.root.descriptor.digest}` : `${target.name}:${tag}`;
}

/**
 * The blobs of an image that are pushed. Non-distributable layers stay where their `urls` say.
 *
 * @param image An image.
 * @returns Each blob once.
 */
export function transferableBlobs(image: Image): Descriptor[] {
  return distinctBlobs(...treesOf(image)).filter(({ mediaType }) => !isNonDistributable(mediaType));
}

/**
 * The digests of an image, for reports.
 *
 * @param image An image.
 * @returns Its digest, and the one that it has in its archive if that is another.
 */
export function reportedDigests({ root, archiveDigest }: Image): { digest: Digest; archiveDigest?: Digest } {
  return { digest: root.descriptor.digest, ...(archiveDigest === undefined ? {} : { archiveDigest }) };
}
