import { PusherError } from "../../errors.ts";
import { type Image, isWhole } from "../../spec/image.ts";
import {
  DOCKER_HUB,
  formatReference,
  formatRepository,
  parseReference,
  parseRegistry,
  type Reference,
  withDefaultTag,
} from "../../spec/reference.ts";

/** What is known of earlier pushes and logins. */
export interface Experience {
  /** Where an image of this name went last, as `registry/repository:tag`. */
  lastTarget: (imageName: string) => string | undefined;
  /** Registry of the newest push, else of the newest login. */
  recentRegistry: string | undefined;
  /** Whether a repository was confirmed before, as `registry/repository`. */
  isConfirmed: (repository: string) => boolean;
}

/**
 * Where one image goes, and why there.
 *
 * @typeParam T An image, with whatever goes with it.
 */
export interface ChosenTarget<T extends Image = Image> {
  /** What to push. */
  image: T;
  /** Its name in the archive, without host; absent for an untagged image. */
  name: string | undefined;
  /** Where it goes. */
  reference: Reference;
  /** Who chose: the user, or what is known of earlier pushes. */
  chosenBy: "user" | "history" | "recent-registry";
  /** Whether the user has to confirm it: they did not name it and have not been there. */
  isNew: boolean;
}

/** What the user said about the target. */
export interface TargetWishes {
  /** From `--target`. */
  targets: readonly string[];
  /** From `--registry`: host, with a path in front of the repositories if any. */
  registry: string | undefined;
}

/**
 * Decides where images go: to the targets named; else to the registry named, each under its own names; else where
 * the image went last time; else to the most recent registry.
 *
 * @typeParam T An image, with whatever goes with it.
 * @param images What is to be pushed.
 * @param wishes What the user said.
 * @param experience What is known of earlier pushes.
 * @returns One entry for each image and target, in the archive's order.
 * @throws {PusherError} `USAGE` if it cannot be decided or two images would get one tag, `REFERENCE_INVALID` if a target is none.
 */
export function chooseTargets<T extends Image>(
  images: readonly T[],
  wishes: TargetWishes,
  experience: Experience,
): ChosenTarget<T>[] {
  if (wishes.targets.length > 0 && wishes.registry !== undefined) {
    throw usage("both --target and --registry are given", "Give one of them.", "--registry");
  }
  if (wishes.targets.length > 0) return distinct(namedTargets(images, wishes.targets));
  const named = images.flatMap((image) => {
    if (image.names.length > 0) return image.names.map((name) => ({ image, name: withDefaultTag(name) }));
    const digest = image.root.descriptor.digest;
    throw usage(
      `image ${digest} has no name in the archive`,
      `Name its target: --image ${digest} -t registry/repository:tag.`,
    );
  });
  return distinct(
    named.map(({ image, name }) => {
      if (wishes.registry !== undefined) {
        return chosen(image, name, underRegistry(name, wishes.registry), "user");
      }
      const target = inferTarget(image, name, experience);
      if (!target) throw nowhere(name);
      return target;
    }),
  );
}

/** Names that differ in their host only become one under another: each target once, and never for two images. */
function distinct<T extends Image>(targets: readonly ChosenTarget<T>[]): ChosenTarget<T>[] {
  const byReference = new Map<string, ChosenTarget<T>>();
  for (const target of targets) {
    const reference = formatReference(target.reference);
    const first = byReference.get(reference) ?? target;
    if (first.image !== target.image && !isSame(first.image, target.image)) {
      throw usage(
        `two images would become "${reference}"`,
        "Push them one after the other, each with --image DIGEST and -t, or as one image for several platforms with --index.",
      );
    }
    byReference.set(reference, first);
  }
  return [...byReference.values()];
}

/** Of an index, two archives may hold different parts. */
function isSame(a: Image, b: Image): boolean {
  return a.root.descriptor.digest === b.root.descriptor.digest && isWhole(a.root) && isWhole(b.root);
}

/**
 * The name of an image without its host: what the push history knows it by.
 *
 * @param name A name from an archive.
 * @returns For example `library/nginx:1.27`.
 */
export function historyName(name: Reference): string {
  const { repository, tag, digest } = name;
  return formatReference({ registry: "", repository, tag, digest }).slice(1);
}

/**
 * Makes sure that a target that names a digest gets the image of that digest.
 *
 * @param target The image as it is pushed, and where it goes.
 * @throws {PusherError} `USAGE` if the digest is another.
 */
export function requireDigest({ image, reference }: Pick<ChosenTarget, "image" | "reference">): void {
  const { digest } = image.root.descriptor;
  if (!reference.digest || reference.digest === digest) return;
  throw usage(
    `"${formatReference(reference)}" names another digest than the image's, ${digest}`,
    "Leave the digest out.",
    "--target",
  );
}

function namedTargets<T extends Image>(images: readonly T[], targets: readonly string[]): ChosenTarget<T>[] {
  const [image, ...others] = images;
  if (!image) return [];
  if (others.length > 0) {
    throw usage(
      `there are ${images.length} images and one target`,
      "Choose one with --image, push all with --registry, or make one image for several platforms with --index.",
      "--target",
    );
  }
  const name = image.names[0];
  return targets.map((target) => {
    const reference = withDefaultTag(parseReference(target));
    return chosen(image, name, reference, "user");
  });
}

/**
 * Decides where an image goes that nobody named a target for: where it went last time, else to the most recent registry.
 *
 * @typeParam T An image, with whatever goes with it.
 * @param image What is to be pushed.
 * @param name Its name, with a tag or digest.
 * @param experience What is known of earlier pushes.
 * @returns The target; `undefined` if nothing is known.
 */
export function inferTarget<T extends Image>(
  image: T,
  name: Reference,
  experience: Experience,
): ChosenTarget<T> | undefined {
  const last = experience.lastTarget(historyName(name));
  if (last !== undefined) return chosen(image, name, parseReference(last), "history");
  const { recentRegistry } = experience;
  if (recentRegistry === undefined) return undefined;
  const target = chosen(image, name, underRegistry(name, recentRegistry), "recent-registry");
  return { ...target, isNew: !experience.isConfirmed(formatRepository(target.reference)) };
}

function nowhere(name: Reference): PusherError {
  return usage(
    `nothing says where "${formatReference(name)}" should go`,
    "Name the target with -t registry/repository:tag, or the registry with --registry.",
    "--target",
  );
}

/** `library/` is docker's own way of writing official images, not part of their name anywhere else. */
function underRegistry(name: Reference, registry: string): Reference {
  const { registry: host, prefix } = parseRegistry(registry);
  const isOfficial = name.registry === DOCKER_HUB && (host !== DOCKER_HUB || prefix !== "");
  const path = isOfficial ? name.repository.replace(/^library\//, "") : name.repository;
  const reference = formatReference({
    ...name,
    registry: host,
    repository: prefix ? `${prefix}/${path}` : path,
  });
  return parseReference(reference);
}

function chosen<T extends Image>(
  image: T,
  name: Reference | undefined,
  reference: Reference,
  chosenBy: ChosenTarget["chosenBy"],
): ChosenTarget<T> {
  return { image, name: name && historyName(name), reference, chosenBy, isNew: false };
}

function usage(reason: string, hint: string, option?: string): PusherError {
  return new PusherError("USAGE", `Cannot choose the target: ${reason}`, {
    detail: option === undefined ? {} : { option },
    hint,
  });
}
