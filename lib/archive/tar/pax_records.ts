import { TarFormatError } from "./tar_format_error.ts";

/** Longest decimal number that starts a record. */
const MAX_LENGTH_DIGITS = 8;

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/**
 * Reads the records of a PAX extended header: `"%d %s=%s\n", <length>, <keyword>, <value>`, where the length counts
 * the bytes of the whole record including itself.
 *
 * @param bytes Body of an entry of type `x` or `g`.
 * @returns Values by keyword; of equal keywords the last counts.
 * @throws {TarFormatError} If the records do not fill the body exactly.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03
 */
export function parsePaxRecords(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let start = 0; start < bytes.length;) {
    const space = bytes.indexOf(SPACE, start);
    const lengthBytes = parseLength(bytes.subarray(start, Math.max(start, space)));
    const end = start + lengthBytes;
    const equals = bytes.indexOf(EQUALS, space);
    if (end > bytes.length || bytes[end - 1] !== NEWLINE || equals <= space + 1 || equals >= end) {
      throw new TarFormatError("an extended header record is malformed");
    }
    records.set(
      UTF8.decode(bytes.subarray(space + 1, equals)),
      UTF8.decode(bytes.subarray(equals + 1, end - 1)),
    );
    start = end;
  }
  return records;
}

/**
 * Reads a size of a PAX record.
 *
 * @param value Decimal digits.
 * @returns The size in bytes.
 * @throws {TarFormatError} If it is no number, negative, or above 2^53-1.
 */
export function parsePaxSize(value: string): number {
  const sizeBytes = /^\d+$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(sizeBytes)) throw new TarFormatError(`the size "${value}" is not plausible`);
  return sizeBytes;
}

function parseLength(digits: Uint8Array): number {
  const text = digits.length <= MAX_LENGTH_DIGITS ? UTF8.decode(digits) : "";
  if (!/^[1-9]\d*$/.test(text)) throw new TarFormatError("an extended header record has no length");
  return Number(text);
}
