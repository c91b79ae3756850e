import type { Descriptor } from "../spec/descriptor.ts";
import { type Digest, sha256Digest } from "../spec/digest.ts";
import { MAX_DOCUMENT_BYTES } from "../spec/documents.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { BUFFER_BYTES } from "../util/buffer_ring.ts";
import type { ByteReader } from "../util/byte_reader.ts";
import { formatByteSize } from "../util/byte_size.ts";
import { createSha256 } from "../util/sha256.ts";
import type { ArchiveEntry, KnownContent } from "./archive_entries.ts";
import { corruptArchive, unsupportedArchive } from "./archive_error.ts";
import type { ArchiveInput } from "./archive_input.ts";
import { listBlobFiles } from "./blob_files.ts";
import { claimedDigest } from "./claimed_digest.ts";
import { type Compression, isNative } from "./compression/compression.ts";
import type { ImageArchive } from "./image_archive.ts";
import { startDiffId } from "./layer_digest.ts";
import { notTar } from "./not_an_image.ts";
import { PipedEntries } from "./piped_entries.ts";
import { MAX_MANIFEST_JSON_BYTES, readImages } from "./read_images.ts";
import { sniffArchive } from "./sniff_archive.ts";
import { hasTarChecksum, isZeroBlock, TAR_BLOCK_BYTES } from "./tar/tar_header.ts";
import { TarInput } from "./tar/tar_input.ts";
import { readTarEntries, type TarEntry } from "./tar/tar_reader.ts";

/** Most bytes of documents that are kept. */
const MAX_KEPT_BYTES = 32 * 2 ** 20;
/** Most bytes of other small files that are kept. */
const MAX_SMALL_BYTES = 8 * 2 ** 20;

/** What layers are called; others are known by what they begin with. */
const LAYER_NAME_REGEXP = /\.(?:tar(?:\.\w+)?|tgz)$/;

const BRACE = 0x7b;
const BRACKET = 0x5b;

/** A file that passes. */
export interface PassingFile {
  /** Its normal name. */
  name: string;
  /** The digest that it claims by its name. */
  digest: Digest | undefined;
  /** Its size in bytes. */
  size: number;
  /** What it is, as far as its first bytes say. */
  mediaType: string;
  /** Whether its first bytes are those of a tar archive. */
  isTar: boolean;
}

/**
 * Takes a file as it passes: reads it to its end, and says what it is.
 *
 * @param file What passes; a digest that it claims is to be verified.
 * @param read Gives its bytes.
 * @returns The digest of what was read.
 */
export type FileConsumer = (file: PassingFile, read: ByteReader) => Promise<{ digest: Digest }>;

/** Limits of {@linkcode readPipedArchive}. */
export interface PipedArchiveOptions {
  /**
   * Files up to this size are kept whatever they are, as long as they are not many: it saves handing on each by itself.
   *
   * @default {65536}
   */
  smallBytes?: number | undefined;
}

/**
 * Reads an archive that comes once, from its start to its end, in bounded memory and without writing anything. Documents
 * and small files are kept; whatever else may be a blob is handed on as it passes. The images are read at the end, as
 * those of a file.
 *
 * @param input The archive.
 * @param onFile Takes what may be a blob.
 * @param options Limits.
 * @returns The archive: of its blobs it can open only what was kept. Disposing it does nothing.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if it is damaged, contradicts itself or ends early; `ARCHIVE_UNSUPPORTED` if
 * it is something else than an image archive or beyond all measure; whatever `onFile` throws.
 */
export async function readPipedArchive(
  input: ArchiveInput,
  onFile: FileConsumer,
  { smallBytes = 64 * 2 ** 10 }: PipedArchiveOptions = {},
): Promise<ImageArchive> {
  const tar = new TarInput(input.path, input.read);
  const entries = new PipedEntries(input.path);
  const start = await tar.bytes(0, TAR_BLOCK_BYTES);
  const isTar = hasTarChecksum(start) || start.length === TAR_BLOCK_BYTES && isZeroBlock(start);
  if (start.length === 0) throw tar.endsEarly("before anything came");
  if (!isTar) throw notTar(input.path, start);
  const keeper = new Keeper(input.path, smallBytes);
  for await (const found of readTarEntries(tar)) {
    const entry = entries.add(found);
    if (entry?.type !== "file") continue;
    const start = await tar.bytes(entry.offsetBytes, Math.min(TAR_BLOCK_BYTES, entry.sizeBytes));
    const read = tar.body(entry);
    if (keeper.wants(entry, start)) entries.leave(entry, { bytes: await readAll(entry, read) });
    else entries.leave(entry, { known: await letPass(entry, { start, read, onFile, path: input.path }) });
  }
  // Some writers leave the end out, but so do those that fail between two entries.
  if (tar.isAtEnd) throw tar.endsEarly("without the two blocks of zeros that close a tar archive");
  await tar.drain();
  const { format, images, contents } = await readImages(entries);
  const entryOf = ({ digest }: Descriptor): ArchiveEntry => {
    const entry = contents.blobs.get(digest);
    if (!entry) throw corruptArchive(input.path, `it does not hold the blob ${digest}`);
    return entry;
  };
  const { readBytes } = input;
  return {
    path: input.path,
    format,
    sizeBytes: readBytes,
    images,
    notices: contents.notices,
    readBytes,
    identityOf: (blob) => entryOf(blob).identity,
    // Nobody else has what came out of a pipe.
    isUnchanged: () => Promise.resolve(true),
    openBlob: (blob, range) => entryOf(blob).open(range),
    blobFiles: () => listBlobFiles(contents),
    [Symbol.dispose]: () => {},
  };
}

/** Decides which files are kept. */
class Keeper {
  readonly #path: string;
  readonly #maxSmallFileBytes: number;
  #documentBytes = 0;
  #smallBytes = 0;

  constructor(path: string, maxSmallFileBytes: number) {
    this.#path = path;
    this.#maxSmallFileBytes = maxSmallFileBytes;
  }

  wants({ name, sizeBytes }: TarEntry, start: Uint8Array): boolean {
    const isText = start[0] === BRACE || start[0] === BRACKET;
    const maxBytes = name === "manifest.json" ? MAX_MANIFEST_JSON_BYTES : MAX_DOCUMENT_BYTES;
    if (isText && !hasTarChecksum(start) && sizeBytes <= maxBytes) {
      this.#documentBytes += sizeBytes;
      if (this.#documentBytes > MAX_KEPT_BYTES) throw tooManyDocuments(this.#path);
      return true;
    }
    if (sizeBytes > this.#maxSmallFileBytes || this.#smallBytes + sizeBytes > MAX_SMALL_BYTES) return false;
    this.#smallBytes += sizeBytes;
    return true;
  }
}

interface Passage {
  start: Uint8Array;
  read: ByteReader;
  onFile: FileConsumer;
  path: string;
}

async function letPass(entry: TarEntry, passage: Passage): Promise<KnownContent> {
  const { start, read, onFile, path } = passage;
  const { name, sizeBytes: size } = entry;
  const digest = claimedDigest(name);
  const compression = sniffArchive(start);
  const isTar = hasTarChecksum(start) || isZeroBlock(start);
  const mayBeLayer = compression !== undefined || isTar || LAYER_NAME_REGEXP.test(name);
  if (digest === undefined && !mayBeLayer) return { compression, digest: await digestPassing(read) };
  const file = { name, digest, size, mediaType: mediaTypeOf(compression), isTar };
  const mustInflate = digest === undefined && compression !== undefined && isNative(compression);
  if (!mustInflate) return { compression, digest: (await onFile(file, read)).digest };
  using layer = await startDiffId(compression);
  const found = await onFile(file, async (into) => {
    const readBytes = await read(into);
    await explain(layer.write(into.subarray(0, readBytes)));
    return readBytes;
  });
  const diffId = await explain(layer.end());
  return { compression, diffId, digest: found.digest };

  async function explain<T>(work: Promise<T>): Promise<T> {
    return await work.catch((cause: unknown) => {
      throw corruptArchive(path, `the layer "${name}" cannot be decompressed`, { entry: name, cause });
    });
  }
}

function mediaTypeOf(compression: Compression | undefined): string {
  if (compression === "gzip") return MEDIA_TYPE.ociLayerGzip;
  return compression === "zstd" ? MEDIA_TYPE.ociLayerZstd : MEDIA_TYPE.ociLayer;
}

async function readAll({ sizeBytes }: TarEntry, read: ByteReader): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes);
  for (let filledBytes = 0; filledBytes < sizeBytes;) filledBytes += await read(bytes.subarray(filledBytes));
  return bytes;
}

/**
 * Hashes what passes, for those who want nothing else of it.
 *
 * @param read Gives it.
 * @returns Its digest.
 */
export async function digestPassing(read: ByteReader): Promise<Digest> {
  const hash = await createSha256();
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let readBytes = 0; (readBytes = await read(buffer)) > 0;) hash.update(buffer.subarray(0, readBytes));
  return sha256Digest(hash.hex());
}

function tooManyDocuments(path: string): Error {
  return unsupportedArchive(path, {
    found: "document too large",
    reason: `its documents together are larger than ${
      formatByteSize(MAX_KEPT_BYTES)
    }, and it is read only once`,
    hint: "Write the archive to an uncompressed file and push that.",
  });
}
