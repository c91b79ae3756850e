import { corruptArchive, unsupportedArchive } from "../archive_error.ts";
import type { ForwardBytes } from "../compression/forward_bytes.ts";
import { parsePaxRecords, parsePaxSize } from "./pax_records.ts";
import { TarFormatError } from "./tar_format_error.ts";
import {
  hasMoreSparseMap,
  isZeroBlock,
  parseTarHeader,
  parseTarText,
  TAR_BLOCK_BYTES,
  type TarHeader,
} from "./tar_header.ts";

/** Longest extended header or GNU long name, as in Go's reader. */
const MAX_EXTENSION_BYTES = 2 ** 20;

/** What an entry is; `sparse` bodies are not stored as they are, `other` is a device, pipe or extension. */
export type TarEntryType = "file" | "directory" | "symlink" | "hardlink" | "sparse" | "other";

/** One entry, extended headers applied. */
export interface TarEntry {
  /** As it stands in the archive. */
  name: string;
  /** What it is. */
  type: TarEntryType;
  /** First byte of the body. */
  offsetBytes: number;
  /** Bytes of the body. */
  sizeBytes: number;
  /** Where a link points; empty for others. */
  linkTarget: string;
}

/** Limits of {@linkcode readTarEntries}. */
export interface TarReaderOptions {
  /**
   * Most headers read, extended ones included. Image archives have hundreds; more than this is a backup or an attack.
   *
   * @default {250000}
   */
  maxHeaders?: number;
}

/** What extension entries said about the entry that follows them. */
interface Extensions {
  /** Records of a PAX header of type `x`. */
  records?: Map<string, string>;
  /** Body of a GNU `L` entry. */
  longName?: string;
  /** Body of a GNU `K` entry. */
  longLinkTarget?: string;
}

const TYPES: Readonly<Record<string, TarEntryType>> = {
  "\u{0}": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "5": "directory",
  "7": "file",
  "S": "sparse",
};

const SPARSE_NAME = "GNU.sparse.name";
/** Stands for every other record that only sparse entries have. */
const SPARSE_VERSION = "GNU.sparse.major";

/** PAX records that say what an entry is called, how long it is and where it points. */
const OVERRIDES: ReadonlySet<string> = new Set(["path", "linkpath", "size", SPARSE_NAME]);

/** Types that have no body, whatever their size says: Go's reader, and so docker, agrees. */
const BODILESS_TYPES_REGEXP = /^[1-6]$/;

/**
 * Reads the headers of a tar archive, and no body. Two blocks of zeros end it, and what follows is ignored; so does the end
 * of the file, since some writers leave the zeros out. A single block of zeros is damage, as for Go's reader: what a bad
 * disk or a hole left of a header must not hide the entries behind it.
 *
 * @param source The archive; whoever takes an entry may read its body before asking for the next one.
 * @param options Limits.
 * @returns Its entries in the order of the archive.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if a header is damaged or the file ends inside an entry,
 * `ARCHIVE_UNSUPPORTED` if there are too many entries.
 */
export async function* readTarEntries(
  source: ForwardBytes,
  { maxHeaders = 250_000 }: TarReaderOptions = {},
): AsyncGenerator<TarEntry> {
  let globals: ReadonlyMap<string, string> = new Map();
  let extensions: Extensions = {};
  let offsetBytes = 0;
  for (let headers = 0; offsetBytes < source.sizeBytes; headers++) {
    try {
      const block = await source.bytes(offsetBytes, TAR_BLOCK_BYTES);
      if (isZeroBlock(block)) {
        if (isZeroBlock(await source.bytes(offsetBytes + TAR_BLOCK_BYTES, TAR_BLOCK_BYTES))) return;
        throw new TarFormatError("it is empty");
      }
      if (headers === maxHeaders) throw tooManyEntries(source.path, maxHeaders);
      if (block.length < TAR_BLOCK_BYTES) throw source.endsInside("a tar header", undefined);
      const header = parseTarHeader(block);
      const bodyOffsetBytes = offsetBytes + TAR_BLOCK_BYTES;
      if ("xgLK".includes(header.type)) {
        const body = await readExtension(source, { header, bodyOffsetBytes });
        if (header.type === "g") globals = merge(globals, parseOverrides(body));
        else if (header.type === "x") extensions.records = parseOverrides(body);
        else if (header.type === "L") extensions.longName = parseTarText(body);
        else extensions.longLinkTarget = parseTarText(body);
        offsetBytes = bodyOffsetBytes + padded(header.sizeBytes);
        continue;
      }
      const described = describe(header, merge(globals, extensions.records), extensions);
      const isMapContinued = header.type === "S" && header.hasMoreSparseMap;
      const dataOffsetBytes = isMapContinued ? await skipSparseMap(source, bodyOffsetBytes) : bodyOffsetBytes;
      const { name, sizeBytes } = described;
      if (dataOffsetBytes + sizeBytes > source.sizeBytes) throw source.endsInside(`"${name}"`, name);
      yield { ...described, offsetBytes: dataOffsetBytes };
      offsetBytes = dataOffsetBytes + padded(sizeBytes);
      extensions = {};
    } catch (error) {
      throw error instanceof TarFormatError ? damagedHeader(source.path, offsetBytes, error) : error;
    }
  }
}

/** Applies what overrides the header: PAX records, and GNU long names over those, in the order Go's reader has. */
function describe(
  header: TarHeader,
  records: ReadonlyMap<string, string>,
  extensions: Extensions,
): Omit<TarEntry, "offsetBytes"> {
  const size = records.get("size");
  const sizeBytes = size === undefined ? header.sizeBytes : parsePaxSize(size);
  // Sparse files in PAX format are called GNUSparseFile.N/x and keep their real name in a record.
  const name = extensions.longName ?? records.get(SPARSE_NAME) ?? records.get("path") ?? header.name;
  const isPaxSparse = records.has(SPARSE_VERSION) || records.has(SPARSE_NAME);
  const isDirectoryOfV7 = header.type === "\u{0}" && name.endsWith("/");
  const type = isDirectoryOfV7 ? "directory" : isPaxSparse ? "sparse" : TYPES[header.type] ?? "other";
  const isLink = type === "symlink" || type === "hardlink";
  const linkTarget = extensions.longLinkTarget ?? records.get("linkpath") ?? header.linkTarget;
  const isBodiless = isDirectoryOfV7 || BODILESS_TYPES_REGEXP.test(header.type);
  return {
    name,
    type,
    sizeBytes: isBodiless ? 0 : sizeBytes,
    linkTarget: isLink ? linkTarget : "",
  };
}

async function readExtension(
  source: ForwardBytes,
  at: { header: TarHeader; bodyOffsetBytes: number },
): Promise<Uint8Array> {
  const { sizeBytes } = at.header;
  if (sizeBytes > MAX_EXTENSION_BYTES) {
    throw new TarFormatError(`its extension of ${sizeBytes} bytes is longer than ${MAX_EXTENSION_BYTES}`);
  }
  const body = await source.bytes(at.bodyOffsetBytes, sizeBytes);
  if (body.length < sizeBytes) throw source.endsInside("a tar header", undefined);
  return body;
}

/** The records that count, few however many there are: they are merged for every entry. */
function parseOverrides(body: Uint8Array): Map<string, string> {
  const overrides = new Map<string, string>();
  for (const [keyword, value] of parsePaxRecords(body)) {
    if (OVERRIDES.has(keyword)) overrides.set(keyword, value);
    else if (keyword.startsWith("GNU.sparse.")) overrides.set(SPARSE_VERSION, value);
  }
  return overrides;
}

/** Global records hold until others replace them; an empty value deletes. */
function merge(
  records: ReadonlyMap<string, string>,
  changes: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  if (!changes) return records;
  const merged = new Map(records);
  for (const [keyword, value] of changes) {
    if (value === "") merged.delete(keyword);
    else merged.set(keyword, value);
  }
  return merged;
}

/** The map of an old GNU sparse entry may go on in further blocks, which its size does not count. */
async function skipSparseMap(source: ForwardBytes, offsetBytes: number): Promise<number> {
  let endBytes = offsetBytes;
  let isContinued = true;
  while (isContinued) {
    if (endBytes - offsetBytes > MAX_EXTENSION_BYTES) throw new TarFormatError("its sparse map is too long");
    isContinued = hasMoreSparseMap(await source.bytes(endBytes, TAR_BLOCK_BYTES));
    endBytes += TAR_BLOCK_BYTES;
  }
  return endBytes;
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
}

function damagedHeader(path: string, offsetBytes: number, cause: TarFormatError): Error {
  return corruptArchive(path, `the tar header at byte ${offsetBytes} is damaged: ${cause.message}`, {
    offsetBytes,
    hint: "Copy the file again from where it came from, or save the image again.",
    cause,
  });
}

function tooManyEntries(path: string, maxHeaders: number): Error {
  return unsupportedArchive(path, {
    found: "tar of too many entries",
    reason: `it has more than ${maxHeaders} entries, so it is no image archive`,
    hint: "Save an image with docker save or podman save.",
  });
}
