import { TarFormatError } from "./tar_format_error.ts";
import { parseTarNumber } from "./tar_number.ts";

/** Headers and bodies are padded to this. */
export const TAR_BLOCK_BYTES = 512;

/** One header block. Extended headers may override its values. */
export interface TarHeader {
  /** Name with prefix, as it stands there. */
  name: string;
  /** One character: NUL or `0` file, `1` hard link, `2` symbolic link, `5` directory, `x` `g` `L` `K` extensions… */
  type: string;
  /** What the size field says; some types have no body all the same. */
  sizeBytes: number;
  /** Where a link points. */
  linkTarget: string;
  /** Meaningful for old GNU sparse entries (`S`) only: more of the map follows before the body. */
  hasMoreSparseMap: boolean;
}

/** Where the fields are: [start, end). */
const FIELD = {
  name: [0, 100],
  size: [124, 136],
  checksum: [148, 156],
  type: [156, 157],
  linkTarget: [157, 257],
  magic: [257, 265],
  prefix: [345, 500],
} as const;

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** POSIX's magic and version; GNU's older `ustar  ` has other fields where the prefix would be. */
const USTAR_MAGIC = "ustar\u{0}00";

/** Flag in an old GNU sparse header, and in the blocks that continue its map. */
const SPARSE_HEADER_MORE_OFFSET = 482;
const SPARSE_MAP_MORE_OFFSET = 504;

/**
 * Reads a header block of V7, ustar or GNU format.
 *
 * @param block 512 bytes.
 * @returns Its fields.
 * @throws {TarFormatError} If the checksum or a number is wrong.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export function parseTarHeader(block: Uint8Array): TarHeader {
  if (!hasTarChecksum(block)) throw new TarFormatError("the checksum is wrong");
  const name = text(block, FIELD.name);
  const isUstar = latin1(block, FIELD.magic) === USTAR_MAGIC;
  const prefix = isUstar ? text(block, FIELD.prefix) : "";
  return {
    name: prefix ? `${prefix}/${name}` : name,
    type: latin1(block, FIELD.type),
    sizeBytes: parseTarNumber(block.subarray(...FIELD.size)),
    linkTarget: text(block, FIELD.linkTarget),
    hasMoreSparseMap: block[SPARSE_HEADER_MORE_OFFSET] === 1,
  };
}

/**
 * Whether a block's checksum is right: the sum of its bytes with the checksum's own taken as spaces. Old tars summed
 * signed bytes.
 *
 * @param block 512 bytes; fewer are no header.
 * @returns Whether it is a tar header.
 */
export function hasTarChecksum(block: Uint8Array): boolean {
  if (block.length !== TAR_BLOCK_BYTES) return false;
  const [start, end] = FIELD.checksum;
  let unsigned = (end - start) * 0x20;
  let signed = unsigned;
  for (let at = 0; at < block.length; at++) {
    if (at === start) at = end;
    const byte = block[at]!;
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  try {
    const stated = parseTarNumber(block.subarray(start, end));
    return stated === unsigned || stated === signed;
  } catch {
    return false;
  }
}

/**
 * Whether a block holds only zeros: it ends the archive.
 *
 * @param block Any bytes.
 * @returns Whether all are zero.
 */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Whether a block that continues an old GNU sparse map is followed by another.
 *
 * @param block 512 bytes.
 * @returns Whether it is.
 */
export function hasMoreSparseMap(block: Uint8Array): boolean {
  return block[SPARSE_MAP_MORE_OFFSET] === 1;
}

/**
 * Reads text that ends at the first NUL or at the end of the bytes. A name that is not UTF-8 becomes one that no
 * document asks for.
 *
 * @param bytes A field, or the body of a GNU long name.
 * @returns The text.
 */
export function parseTarText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return end === 0 ? "" : UTF8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function text(block: Uint8Array, [start, end]: readonly [number, number]): string {
  return parseTarText(block.subarray(start, end));
}

function latin1(block: Uint8Array, [start, end]: readonly [number, number]): string {
  return String.fromCharCode(...block.subarray(start, end));
}
