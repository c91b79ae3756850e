import { isPusherError } from "../../errors.ts";
import type { Digest } from "../../spec/digest.ts";
import { formatReference, type Reference } from "../../spec/reference.ts";
import type { PushTarget } from "../../transfer/ports.ts";
import { requireDigest } from "../../transfer/push/choose_targets.ts";
import type { PushJob } from "../../transfer/push/push_job.ts";
import type { CommandContext } from "../command_context.ts";
import type { CopyPartOptions, CopySource, NamedImage } from "./copy_source.ts";

/** A repository that images are copied to. */
export interface CopyTarget {
  /** The name it was given; with a tag if the image gets another than it has. */
  reference: Reference;
  /** The connection. */
  target: PushTarget;
}

/** What of an image is copied, and where to. */
export interface ImagePlanOptions extends CopyPartOptions {
  /** Where to. */
  targets: readonly CopyTarget[];
  /** Gives it. */
  source: CopySource;
  /**
   * Copy it even where it is already.
   *
   * @default {false}
   */
  isUnconditional?: boolean | undefined;
}

/** One tag at one destination: what it will be, or is. */
export interface CopyStep {
  /** What is copied, as `registry/repository:tag`. */
  source: string;
  /** Where to, likewise. */
  reference: string;
  /** Digest of its manifest or index there. */
  digest: Digest;
  /** What has to be done; nothing if it is there. */
  job: PushJob | undefined;
}

/**
 * Finds out what has to be done to copy an image. What a tag stands for is asked once; not even the manifest is read
 * if all destinations have it, and nothing but that for other tags in the same repository.
 *
 * @param name Name of the image.
 * @param options What of it, and where to.
 * @param context Stops it.
 * @returns What belongs to the image and has a tag of its own, then the image, each at each destination.
 * @throws {PusherError} `IMAGE_NOT_FOUND`; `USAGE` if a destination names another digest; and as `fetchPart`.
 */
export async function planImage(
  name: Reference,
  options: ImagePlanOptions,
  { signal }: Pick<CommandContext, "signal">,
): Promise<CopyStep[]> {
  const { source, targets, platforms, format, attestations = true, referrers, isUnconditional } = options;
  const isAsItIs = platforms === undefined && format === undefined && attestations;
  const digest = isAsItIs ? await source.resolve(name) : name.digest;
  const isPinned = targets.some(({ reference }) => reference.digest !== undefined);
  if (isAsItIs && digest && !referrers && !isUnconditional && !isPinned) {
    const steps = targets.map((target) => stepAt(target, { name, digest }));
    const found = await Promise.all(
      targets.map((target) => isThere(target, [[tagAt(target, name) ?? digest, digest]], signal)),
    );
    if (found.every((isFound) => isFound)) return steps;
  }
  const isTagOnly = isAsItIs && !referrers && !isUnconditional &&
    targets.every(({ target }) => target.name === source.name);
  const images = isTagOnly
    ? [await source.readRoot({ ...name, digest })]
    : await source.read({ ...name, digest }, options);
  const steps = images.flatMap(({ name, image }) => {
    const places = image.names.length > 0 ? targets : targets.map(withoutTag);
    return places.map(async (target) => {
      const job = jobAt(target, { name, image }, source);
      const isDone = !isUnconditional && await isThere(target, digestsOf(job), signal);
      return {
        ...stepAt(target, { name, digest: image.root.descriptor.digest }),
        job: isDone ? undefined : job,
      };
    });
  });
  return await Promise.all(steps);
}

/** What belongs to an image keeps its tag, which tells of which image it is. */
function withoutTag({ reference: { registry, repository }, target }: CopyTarget): CopyTarget {
  return { reference: { registry, repository }, target };
}

function stepAt(target: CopyTarget, { name, digest }: { name: Reference; digest: Digest }): CopyStep {
  const tag = tagAt(target, name);
  const { name: repository } = target.target;
  return {
    source: formatReference(name.tag === undefined ? name : { ...name, digest: undefined }),
    reference: tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`,
    digest,
    job: undefined,
  };
}

/** What its repository answers once a job is done. */
function digestsOf({ image: { root, referrers = [] }, tag }: PushJob): [asked: string, digest: Digest][] {
  const [first, ...others] = [root, ...referrers].map(({ descriptor }) => descriptor.digest);
  return [[tag ?? first!, first!], ...others.map((digest): [string, Digest] => [digest, digest])];
}

function jobAt(target: CopyTarget, { name, image }: NamedImage, source: CopySource): PushJob {
  const { reference } = target;
  if (image.names.length > 0) requireDigest({ image, reference });
  return {
    image,
    source: source.blobs,
    target: target.target,
    tag: tagAt(target, name),
    mountFrom: reference.registry === name.registry ? [name.repository] : [],
  };
}

/** Who names a digest alone wants no tag. */
function tagAt({ reference }: CopyTarget, { tag }: Reference): string | undefined {
  return reference.tag ?? (reference.digest ? undefined : tag);
}

/** Whether a repository has the tags and digests that it should have. Where it cannot be asked, a push will tell why. */
async function isThere(
  { target }: CopyTarget,
  wanted: readonly (readonly [asked: string, digest: Digest])[],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for (const [asked, digest] of wanted) {
      if (await target.manifestDigest(asked, signal) !== digest) return false;
    }
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (isPusherError(error)) return false;
    throw error;
  }
}
