import type { Image } from "../../spec/image.ts";
import { parseReference, type Reference } from "../../spec/reference.ts";

/** containerd notes under this name, with the host behind it, which repository an image was pulled from. */
const SOURCE_ANNOTATION = "containerd.io/distribution.source.";

/** A push of the past, as far as it matters here. */
export interface EarlierPush {
  /** Name of the image in its archive, without host. */
  image: string;
  /** `registry/repository:tag`. */
  target: string;
}

/**
 * Repositories of a registry that may hold the blobs of an image already: where it was pulled from, and where images of
 * the same name went before.
 *
 * @param image What is pushed.
 * @param target Where it goes.
 * @param pushes Earlier pushes, the newest last.
 * @returns Repositories other than the target's own, the likeliest first.
 */
export function mountSources(image: Image, target: Reference, pushes: readonly EarlierPush[]): string[] {
  const [host] = target.registry.split(":");
  const source = image.root.descriptor.annotations?.[`${SOURCE_ANNOTATION}${host}`];
  const pulledFrom = source?.split(",") ?? [];
  const names = new Set(image.names.map(({ repository }) => repository));
  const earlier = pushes.filter((push) => names.has(push.image.split(/[:@]/)[0]!)).map(({ target }) =>
    target
  );
  const repositories = [...pulledFrom.map((path) => `${target.registry}/${path}`), ...earlier.reverse()]
    .map(toReference)
    .filter((found) => found?.registry === target.registry && found.repository !== target.repository)
    .map((found) => found!.repository);
  return [...new Set(repositories)];
}

/** Annotations come from outside: what is no name is none. */
function toReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}
