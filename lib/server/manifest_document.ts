import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import { DocumentError, parseImageIndex, parseImageManifest } from "../spec/documents.ts";
import { isIndexType, isManifestType, isNonDistributable } from "../spec/media_type.ts";

/** What a manifest or index names, and how it is listed where it refers to another. */
export interface ManifestDocument {
  /** Config and layers that must be there: all that may be distributed. */
  blobs: readonly Digest[];
  /** Of an index: what it lists. */
  manifests: readonly Descriptor[];
  /** What it refers to. */
  subject?: Digest | undefined;
  /** What it is, when it is no image. */
  artifactType?: string | undefined;
  /** Free text. */
  annotations?: Record<string, string> | undefined;
}

/**
 * Reads a manifest or index as a registry does.
 *
 * @param bytes JSON.
 * @param mediaType What it was called when it was put.
 * @returns What a registry needs of it.
 * @throws {DocumentError} If it is of no type that registries keep, or not what it is called.
 */
export function parseManifestDocument(bytes: Uint8Array, mediaType: string): ManifestDocument {
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
    throw new DocumentError(`the type "${mediaType}" is not a manifest's`);
  }
  const document = isIndexType(mediaType) ? parseImageIndex(bytes) : parseImageManifest(bytes);
  if (document.mediaType !== undefined && document.mediaType !== mediaType) {
    throw new DocumentError("mediaType differs from Content-Type");
  }
  const { artifactType, annotations } = document;
  const subject = document.subject?.digest;
  if ("manifests" in document) {
    return { blobs: [], manifests: document.manifests, subject, artifactType, annotations };
  }
  const { config, layers } = document;
  const parts = [config, ...layers.filter((layer) => !isNonDistributable(layer.mediaType))];
  return {
    blobs: parts.map(({ digest }) => digest),
    manifests: [],
    subject,
    artifactType: artifactType ?? config.mediaType,
    annotations,
  };
}
