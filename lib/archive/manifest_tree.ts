import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
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

/** A manifest or index as far as the archive holds it. */
export interface ManifestTree {
  /** It, and below it what the archive holds. */
  node: ManifestNode;
  /** The first thing below it that the archive lacks; absent if it is whole, so that a registry will take it. */
  missing?: Digest | undefined;
  /** Of an index: all that it lists, each digest once; `tree` is absent with the manifest. */
  listed: readonly { descriptor: Descriptor; tree: ManifestTree | undefined }[];
}

/**
 * Reads a manifest or index of an OCI layout and all below it. The bytes stay as they are; digests and sizes are checked.
 *
 * @param contents The archive.
 * @param descriptor What names it.
 * @param depth How many indexes it lies in.
 * @returns The tree, or `undefined` if it is not in the archive, or of a type this tool cannot push.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if something in it is damaged, `ARCHIVE_UNSUPPORTED` if it is beyond measure.
 */
export async function readManifestTree(
  contents: ArchiveContents,
  descriptor: Descriptor,
  depth = 0,
): Promise<ManifestTree | undefined> {
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
): Promise<ManifestTree> {
  const index = contents.parse(entry, () => sameType(parseImageIndex(bytes), descriptor));
  const distinct = new Map(index.manifests.map((child) => [child.digest, child]));
  const listed: { descriptor: Descriptor; tree: ManifestTree | undefined }[] = [];
  for (const child of distinct.values()) {
    listed.push({ descriptor: child, tree: await readManifestTree(contents, child, depth + 1) });
  }
  const broken = listed.find(({ tree }) => !tree || tree.missing);
  return {
    node: { descriptor, bytes, blobs: [], children: listed.flatMap(({ tree }) => tree ? [tree.node] : []) },
    missing: broken && (broken.tree?.missing ?? broken.descriptor.digest),
    listed,
  };
}

async function readManifest(
  contents: ArchiveContents,
  { descriptor, bytes, entry }: Document,
): Promise<ManifestTree> {
  const { config, layers } = contents.parse(entry, () => sameType(parseImageManifest(bytes), descriptor));
  const configEntry = await contents.findBlob(config);
  const configBytes = configEntry && await contents.readBlob(config, configEntry, MAX_DOCUMENT_BYTES);
  let missing = configEntry ? undefined : config.digest;
  for (const layer of layers) {
    const isThere = await contents.findBlob(layer) !== undefined;
    if (!isThere && !isNonDistributable(layer.mediaType)) missing ??= layer.digest;
  }
  return {
    node: {
      descriptor,
      bytes,
      blobs: [config, ...layers],
      children: [],
      config: configBytes && parseConfig(config.mediaType, configBytes),
    },
    missing,
    listed: [],
  };
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
