import type { Descriptor } from "../spec/descriptor.ts";
import { MAX_DOCUMENT_BYTES } from "../spec/documents.ts";
import type { ManifestNode } from "../spec/image.ts";
import { parseConfigAs, parseIndexAs, parseManifestAs } from "../spec/manifest_documents.ts";
import { isIndexType, isManifestType, isNonDistributable } from "../spec/media_type.ts";
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
  const index = contents.parse(entry, () => parseIndexAs(descriptor, bytes));
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
    () => parseManifestAs(descriptor, bytes),
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
    config: configBytes && parseConfigAs(config, configBytes),
    absent,
    subject,
  };
}

/** What names an artifact does not always say of what type it is. */
function typed(descriptor: Descriptor, artifactType: string | undefined): Descriptor {
  return artifactType === undefined ? descriptor : { ...descriptor, artifactType };
}
