import { isPusherError } from "../errors.ts";
import type { Image } from "../spec/image.ts";
import { formatReference, parseReference, type Reference, withDefaultTag } from "../spec/reference.ts";

/** What go-containerregistry writes as the tag of an image that was pulled by digest. */
const PLACEHOLDER_TAG = "i-was-a-digest";

/**
 * Reads the names that an archive gives to an image. Archives are not trusted: what is no name is left out, and said.
 *
 * @param texts The names as they stand there.
 * @param notices Receives what was left out.
 * @returns The names, each once, with `latest` where there is no tag.
 */
export function parseImageNames(texts: readonly string[], notices: string[]): Reference[] {
  const names: Reference[] = [];
  for (const text of texts) {
    try {
      const name = withDefaultTag(parseReference(text));
      if (name.tag !== PLACEHOLDER_TAG) names.push(name);
    } catch (error) {
      if (!isPusherError(error, "REFERENCE_INVALID")) throw error;
      notices.push(`${error.message}; this name is ignored.`);
    }
  }
  return distinct(names);
}

/**
 * Makes one image of those with equal digests: it has several names then.
 *
 * @param images Images of one archive.
 * @returns The same, each digest once, where it came first.
 */
export function mergeEqualImages(images: readonly Image[]): Image[] {
  const equal = Map.groupBy(images, ({ root }) => root.descriptor.digest).values();
  return [...equal].map((same) => ({ ...same[0]!, names: distinct(same.flatMap(({ names }) => names)) }));
}

function distinct(names: readonly Reference[]): Reference[] {
  return [...new Map(names.map((name) => [formatReference(name), name])).values()];
}
