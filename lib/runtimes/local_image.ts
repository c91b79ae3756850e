import { DOCKER_HUB, formatReference, parseReference, withDefaultTag } from "../spec/reference.ts";

/** An image that a runtime holds, under one of its names. */
export interface LocalImage {
  /** Name and tag as the runtime writes them; absent for an image without a name. */
  name?: string;
  /** Its ID, without `sha256:`; possibly only the first 12 digits. */
  id: string;
  /** Its size as the runtime counts it, which is not that of its archive. */
  sizeBytes?: number;
  /** When it was built, milliseconds since 1970. */
  createdMs?: number;
}

/** 12 digits, as the runtimes print them, or all of them; a shorter ID could as well be a name. */
const IMAGE_ID_REGEXP = /^(?:sha256:)?[0-9a-f]{12,64}$/;

/**
 * Whether text names an image by its ID.
 *
 * @param text For example `e994d26a80eb`.
 * @returns Whether it does.
 */
export function isImageId(text: string): boolean {
  return IMAGE_ID_REGEXP.test(text);
}

/**
 * Turns what a user typed into the one argument a runtime gets. `latest` is added, since docker would save every
 * tag of a repository named without one. It can never be taken for an option: names begin with a letter, a digit
 * or a bracket.
 *
 * @param text Name or ID of an image.
 * @returns Name with tag or digest, or ID.
 * @throws {PusherError} `REFERENCE_INVALID`.
 *
 * @example Usage
 * ```ts
 * import { parseImageArgument } from "./local_image.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(parseImageArgument("nginx"), "nginx:latest");
 * assert.throws(() => parseImageArgument("--output=/etc/passwd"));
 * ```
 */
export function parseImageArgument(text: string): string {
  if (isImageId(text)) return text;
  const { tag, digest } = parseReference(text);
  return tag || digest ? text : `${text}:latest`;
}

/**
 * Finds an image in a runtime's list, whose names may be shorter (docker: `nginx:1`) or longer (podman:
 * `docker.io/library/nginx:1`) than what was asked for.
 *
 * @param images The runtime's images.
 * @param argument As {@linkcode parseImageArgument} gives it.
 * @returns The image, if it is there.
 */
export function findLocalImage(images: readonly LocalImage[], argument: string): LocalImage | undefined {
  if (isImageId(argument)) {
    const id = argument.replace("sha256:", "");
    return images.find((image) => image.id.startsWith(id) || id.startsWith(image.id));
  }
  const full = formatReference(withDefaultTag(parseReference(argument)));
  const spellings = [full, full.replace(`${DOCKER_HUB}/`, ""), full.replace(`${DOCKER_HUB}/library/`, "")];
  return images.find(({ name }) =>
    name !== undefined && (spellings.includes(name) || name.endsWith(`/${argument}`))
  );
}
