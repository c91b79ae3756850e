import type { Descriptor } from "../spec/descriptor.ts";
import {
  DocumentError,
  type ImageConfig,
  MAX_DOCUMENT_BYTES,
  parseImageConfig,
  parseImageIndex,
  parseImageManifest,
} from "../spec/documents.ts";
import type { ManifestNode } from "../spec/image.ts";
import { isIndexType, isManifestType, isNonDistributable, MEDIA_TYPE } from "../spec/media_type.ts";
import type { ArchiveContents } from "./archive_contents.ts";

/** Indexes within indexes; real ones have one level, or two. */
const MAX_INDEX_DEPTH = 8;

/**
 * Reads a manifest or index of an OCI layout and all below it. The bytes stay as they are; digests and sizes are checked.
 *
 * @param contents The archive.
 * @param descriptor What names it.
 * @param depth How many indexes it lies in.
 * @returns The tree as far as the archive holds it, or `undefined` if it is not in the archive, or of a type this tool
 * cannot push.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if something in it is damaged, `ARCHIVE_UNSUPPORTED` if it is beyond measure.
 */
export async function readManifestTree(
  contents: ArchiveContents,
  descriptor: Descriptor,
  depth = 0,
): Promise<ManifestNode | undefined> {
  const isIndex = isIndexType(descriptor.mediaType);
  if (!isIndex && !isManifestType(descriptor.mediaType)) return undefined;
  const entry = await contents.findBlob(descriptor);
  if (!entry) return undefined;
  if (depth > MAX_INDEX_DEPTH) {
    throw contents.corrupt(entry.name, `its indexes are nested more than ${MAX_INDEX_DEPTH} deep`);
  }
  const bytes = await contents.readBlob(descriptor, entry, MAX_DOCUMENT_BYTES);
  return isIndex
    ? await readIndex(contents, { descriptor, bytes, entry: entry.name }, depth)
    : await readManifest(contents, { descriptor, bytes, entry: entry.name });
}

/** A document with what is known of it. */
interface Document {
  descriptor: Descriptor;
  bytes: Uint8Array;
  entry: string;
}

async function readIndex(
  contents: ArchiveContents,
  { descriptor, bytes, entry }: Document,
  depth: number,
): Promise<ManifestNode> {
  const index = contents.parse(entry, () => sameType(parseImageIndex(bytes), descriptor));
  const listed = new Map(index.manifests.map((child) => [child.digest, child]));
  const children: ManifestNode[] = [];
  const absent: Descriptor[] = [];
  for (const child of listed.values()) {
    const node = await readManifestTree(contents, child, depth + 1);
    if (node) children.push(node);
    else absent.push(child);
  }
  const { subject, artifactType } = index;
  return { descriptor: typed(descriptor, artifactType), bytes, blobs: [], children, absent, subject };
}

async function readManifest(
  contents: ArchiveContents,
  { descriptor, bytes, entry }: Document,
): Promise<ManifestNode> {
  const { config, layers, subject, artifactType } = contents.parse(
    entry,
    () => sameType(parseImageManifest(bytes), descriptor),
  );
  const configEntry = await contents.findBlob(config);
  const configBytes = configEntry && await contents.readBlob(config, configEntry, MAX_DOCUMENT_BYTES);
  const absent = configEntry ? [] : [config];
  for (const layer of layers) {
    const isThere = await contents.findBlob(layer) !== undefined;
    if (!isThere && !isNonDistributable(layer.mediaType)) absent.push(layer);
  }
  return {
    descriptor: typed(descriptor, artifactType),
    bytes,
    blobs: [config, ...layers],
    children: [],
    config: configBytes && parseConfig(config.mediaType, configBytes),
    absent,
    subject,
  };
}

/** What names an artifact does not always say of what type it is. */
function typed(descriptor: Descriptor, artifactType: string | undefined): Descriptor {
  return artifactType === undefined ? descriptor : { ...descriptor, artifactType };
}

/** Artifacts have configs of their own kind, sometimes under an image's type: those travel without being understood. */
function parseConfig(mediaType: string, bytes: Uint8Array): ImageConfig | undefined {
  if (mediaType !== MEDIA_TYPE.ociConfig && mediaType !== MEDIA_TYPE.dockerConfig) return undefined;
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
