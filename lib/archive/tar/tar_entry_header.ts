import { TAR_BLOCK_BYTES } from "./tar_header.ts";

/** Largest size that eleven octal digits hold. */
const MAX_OCTAL_SIZE = 8 ** 11 - 1;
/** Longest name without a prefix. */
const MAX_NAME_BYTES = 100;

const ENCODER = new TextEncoder();

/**
 * Writes what comes before the content of a file: a ustar header, and a PAX header in front of it for 8 GiB and more or a
 * long name. Owner, mode and time are the same for all, so that equal content gives equal archives.
 *
 * @param name Name of the file, in ASCII.
 * @param sizeBytes Size of its content.
 * @returns One block, or three.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export function tarEntryHeader(name: string, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const isLarge = sizeBytes > MAX_OCTAL_SIZE;
  const records = [
    ...(name.length > MAX_NAME_BYTES ? [paxRecord("path", name)] : []),
    ...(isLarge ? [paxRecord("size", String(sizeBytes))] : []),
  ].join("");
  // As Go's writer has it: who does not know PAX finds a large file without content.
  const header = headerBlock({
    name: name.slice(0, MAX_NAME_BYTES),
    sizeBytes: isLarge ? 0 : sizeBytes,
    type: "0",
  });
  if (records === "") return header;
  const bytes = new Uint8Array(3 * TAR_BLOCK_BYTES);
  bytes.set(headerBlock({ name: "PaxHeaders/0", sizeBytes: records.length, type: "x" }));
  bytes.set(ENCODER.encode(records), TAR_BLOCK_BYTES);
  bytes.set(header, 2 * TAR_BLOCK_BYTES);
  return bytes;
}

/**
 * The zeros that fill up the last block of an entry.
 *
 * @param sizeBytes Size of its content.
 * @returns Fewer than a block.
 */
export function tarPadding(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((TAR_BLOCK_BYTES - sizeBytes % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES);
}

function headerBlock(
  { name, sizeBytes, type }: { name: string; sizeBytes: number; type: string },
): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(TAR_BLOCK_BYTES);
  const put = (text: string, offsetBytes: number): void => block.set(ENCODER.encode(text), offsetBytes);
  put(name, 0);
  put("0000644", 100);
  put("0000000", 108);
  put("0000000", 116);
  put(sizeBytes.toString(8).padStart(11, "0"), 124);
  put("00000000000", 136);
  put(" ".repeat(8), 148);
  put(type, 156);
  put("ustar\u{0}00", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\u{0} `, 148);
  return block;
}

/** The length at the start of a record counts itself. */
function paxRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  const digits = String(rest.length + 2).length;
  return `${rest.length + digits}${rest}`;
}
