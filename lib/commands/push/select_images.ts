import { PusherError } from "../../errors.ts";
import { DOCKER_HUB, formatReference, type Reference } from "../../spec/reference.ts";
import { isDigest } from "../../spec/digest.ts";
import type { Image } from "../../spec/image.ts";
import { printable } from "../../util/printable.ts";

/** Shortest start of a digest that selects an image. */
const MIN_DIGEST_DIGITS = 6;

/**
 * Picks the images a user named: by name (`app:1`, `docker.io/library/app:1`), by repository (`app`, every tag of it), or
 * by digest of manifest, index or config, which may be cut short where it stays unambiguous.
 *
 * @typeParam T An image, with whatever goes with it.
 * @param images All images.
 * @param wanted What the user named; everything when empty.
 * @returns The picked images, in their order, with the names that were picked.
 * @throws {PusherError} `IMAGE_NOT_FOUND` if one of them is not there, `USAGE` if a short digest fits several.
 */
export function selectImages<T extends Image>(images: readonly T[], wanted: readonly string[]): readonly T[] {
  if (wanted.length === 0) return images;
  for (const name of wanted) {
    if (!images.some((image) => picks(image, name))) throw notFound(images, name);
    const fitting = digestsThatBegin(images, name);
    if (fitting.size > 1) throw ambiguous(name, [...fitting]);
  }
  return images.filter((image) => wanted.some((name) => picks(image, name))).map((image) => {
    const names = image.names.filter((name) => wanted.some((wish) => namesOf(name).includes(wish)));
    // Picked by digest: under all of its names.
    return names.length > 0 ? { ...image, names } : image;
  });
}

function picks(image: Image, wish: string): boolean {
  return image.names.some((name) => namesOf(name).includes(wish)) ||
    digestsOf(image).some((hex) => startsWith(hex, wish));
}

/** Every way of writing a name, with and without tag, with and without the host and path that docker leaves out. */
function namesOf(name: Reference): string[] {
  const full = [
    formatReference(name),
    formatReference({ registry: name.registry, repository: name.repository }),
  ];
  const isHub = name.registry === DOCKER_HUB;
  return isHub ? full.flatMap((text) => [text, text.slice(DOCKER_HUB.length + 1), familiar(text)]) : full;
}

function familiar(text: string): string {
  return text.slice(DOCKER_HUB.length + 1).replace(/^library\//, "");
}

function digestsOf(image: Image): string[] {
  return [image.root.descriptor.digest, ...image.root.blobs.slice(0, 1).map(({ digest }) => digest)];
}

/** Digests of the images that a short digest fits; what is a name as well, is a name. */
function digestsThatBegin(images: readonly Image[], wish: string): Set<string> {
  const isName = images.some(({ names }) => names.some((name) => namesOf(name).includes(wish)));
  if (isName || isDigest(wish)) return new Set();
  const fitting = images.filter((image) => digestsOf(image).some((digest) => startsWith(digest, wish)));
  return new Set(fitting.map(({ root }) => root.descriptor.digest));
}

function startsWith(digest: string, wish: string): boolean {
  const isQualified = wish.includes(":");
  const hex = wish.slice(wish.indexOf(":") + 1);
  const known = isQualified ? digest : digest.slice(digest.indexOf(":") + 1);
  return hex.length >= MIN_DIGEST_DIGITS && known.startsWith(wish);
}

function ambiguous(name: string, digests: readonly string[]): PusherError {
  return new PusherError("USAGE", `Cannot choose image "${printable(name)}": ${digests.length} images fit`, {
    detail: { option: "--image" },
    hint: `Give more digits: they are ${digests.slice(0, 5).join(", ")}${
      digests.length > 5 ? " and others" : ""
    }.`,
  });
}

function notFound(images: readonly Image[], name: string): PusherError {
  const available = images.flatMap(({ names, root }) =>
    names.length > 0 ? names.map(formatReference) : [root.descriptor.digest]
  );
  return new PusherError("IMAGE_NOT_FOUND", `Cannot find image "${printable(name)}" in the archive`, {
    detail: { name, available },
    hint: `It holds ${available.slice(0, 5).join(", ")}${available.length > 5 ? " and others" : ""}.`,
  });
}
