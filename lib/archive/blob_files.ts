import { type Digest, sha256Digest } from "../spec/digest.ts";
import { createSha256 } from "../util/sha256.ts";
import type { ArchiveContents } from "./archive_contents.ts";
import type { ArchiveEntry } from "./archive_entries.ts";
import { claimedDigest } from "./claimed_digest.ts";
import { type Compression, isNative } from "./compression/compression.ts";
import { type DiffIdFinder, startDiffId } from "./layer_digest.ts";
import { sniffArchive } from "./sniff_archive.ts";

/** Elsewhere, such names may be those of directories: docker's image IDs looked alike before they were digests. */
const OCI_BLOB_REGEXP = /^blobs\/sha256\//;
/** Configs of docker save are named after their digest. */
const CONFIG_NAME_REGEXP = /^([0-9a-f]{64})\.json$/;

/** A file of an archive that should be what its digest says. */
export interface BlobFile {
  /** Its name in the archive. */
  name: string;
  /** Digest that it should have: by its name, else by what names it. */
  digest: Digest;
  /** Its size in bytes. */
  sizeBytes: number;
  /** Whether all of it is still there: of what was piped in, large files have passed. */
  hasPassed: boolean;
  /** Opens the content; each chunk is valid only until the next one is asked for. */
  open(): ReadableStream<Uint8Array>;
}

/** What the content of a file is. */
export interface FileDigests {
  /** Digest of the bytes as they are. */
  digest: Digest;
  /** Digest of what they decompress to, or of themselves if they are not compressed; `undefined` if that is not known. */
  diffId: Digest | undefined;
  /** Why they cannot be decompressed, although they should be. */
  failure: string | undefined;
}

/**
 * Lists the files of an archive that can be verified.
 *
 * @param contents The archive, whose images have been read.
 * @returns Those of the images' blobs, then others of an OCI layout that may be there.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if a file with such a name is none.
 */
export async function listBlobFiles({ blobs, entries }: ArchiveContents): Promise<BlobFile[]> {
  const files = new Map<string, BlobFile>();
  for (const [digest, entry] of blobs) files.set(entry.name, toFile(entry, digest));
  for (const name of await entries.names()) {
    const digest = OCI_BLOB_REGEXP.test(name) ? claimedDigest(name) : undefined;
    const entry = digest && await entries.find(name);
    if (entry && !files.has(entry.name)) files.set(entry.name, toFile(entry, digest));
  }
  return [...files.values()];
}

function toFile(entry: ArchiveEntry, digest: Digest): BlobFile {
  const { name, sizeBytes, known } = entry;
  return {
    name,
    digest: digestInName(name) ?? digest,
    sizeBytes,
    hasPassed: known !== undefined,
    open: () => entry.open(),
  };
}

function digestInName(name: string): Digest | undefined {
  const hex = CONFIG_NAME_REGEXP.exec(name)?.[1];
  return hex === undefined ? claimedDigest(name) : sha256Digest(hex);
}

/**
 * Hashes a file as it is and, if it is compressed, what it decompresses to; in one pass and in bounded memory.
 *
 * @param content Its bytes; each chunk may be overwritten when the next one is asked for.
 * @returns What it is. What cannot be decompressed is hashed as it is all the same.
 */
export async function digestFile(content: AsyncIterable<Uint8Array>): Promise<FileDigests> {
  using resources = new DisposableStack();
  const hash = await createSha256();
  let compression: Compression | undefined;
  let finder: DiffIdFinder | undefined;
  let failure: string | undefined;
  let isStart = true;
  for await (const chunk of content) {
    if (isStart) {
      compression = sniffArchive(chunk);
      if (compression && isNative(compression)) finder = resources.use(await startDiffId(compression));
      isStart = false;
    }
    hash.update(chunk);
    if (finder && failure === undefined) failure = await failureOf(finder.write(chunk));
  }
  const digest = sha256Digest(hash.hex());
  let diffId = compression ? undefined : digest;
  if (finder && failure === undefined) {
    failure = await failureOf(finder.end().then((found) => void (diffId = found)));
  }
  return { digest, diffId, failure };
}

async function failureOf(work: Promise<void>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
