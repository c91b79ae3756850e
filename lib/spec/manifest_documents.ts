/**
 * Documents that a descriptor names: read as what they were named.
 *
 * @module
 */

import type { Descriptor } from "./descriptor.ts";
import {
  DocumentError,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  parseImageConfig,
  parseImageIndex,
  parseImageManifest,
} from "./documents.ts";
import { MEDIA_TYPE } from "./media_type.ts";

/**
 * Reads an index.
 *
 * @param descriptor What names it.
 * @param bytes JSON.
 * @returns The checked document.
 * @throws {DocumentError} If it is not an index, or of another type than it was named as.
 */
export function parseIndexAs(descriptor: Descriptor, bytes: Uint8Array): ImageIndex {
  return sameType(parseImageIndex(bytes), descriptor);
}

/**
 * Reads a manifest.
 *
 * @param descriptor What names it.
 * @param bytes JSON.
 * @returns The checked document.
 * @throws {DocumentError} If it is not a manifest, or of another type than it was named as.
 */
export function parseManifestAs(descriptor: Descriptor, bytes: Uint8Array): ImageManifest {
  return sameType(parseImageManifest(bytes), descriptor);
}

/**
 * Whether a blob is the config of an image, as far as its type says.
 *
 * @param descriptor What names it.
 * @returns Whether it is.
 */
export function isImageConfig({ mediaType }: Descriptor): boolean {
  return mediaType === MEDIA_TYPE.ociConfig || mediaType === MEDIA_TYPE.dockerConfig;
}

/**
 * Reads a config. Artifacts have configs of their own kind, sometimes under an image's type: those travel without being
 * understood.
 *
 * @param descriptor What names it.
 * @param bytes Its content.
 * @returns The checked document; `undefined` if it is not an image's.
 */
export function parseConfigAs(descriptor: Descriptor, bytes: Uint8Array): ImageConfig | undefined {
  if (!isImageConfig(descriptor)) return undefined;
  try {
    return parseImageConfig(bytes);
  } catch (error) {
    if (error instanceof DocumentError) return undefined;
    throw error;
  }
}

/** What a document says it is must be what it was named as, or two readers could take it for two things. */
function sameType<T extends { mediaType?: string | undefined }>(document: T, descriptor: Descriptor): T {
  if (document.mediaType && document.mediaType !== descriptor.mediaType) {
    throw new DocumentError(`it is of type "${document.mediaType}", not "${descriptor.mediaType}"`);
  }
  return document;
}
