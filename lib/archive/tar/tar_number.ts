import { TarFormatError } from "./tar_format_error.ts";

const NUL = 0x00;
const SPACE = 0x20;
const ZERO = 0x30;

/**
 * Reads a number field of a tar header. Three encodings are in use: octal digits with a terminator; octal digits that
 * fill the field (busybox, bsdtar, from 8 GiB on); base-256 with the highest bit set (GNU tar, from 8 GiB on).
 *
 * @param field The bytes of the field.
 * @returns The number; 0 for a blank field.
 * @throws {TarFormatError} If it is no number, negative, or above 2^53-1.
 * @see https://www.gnu.org/software/tar/manual/html_node/Extensions.html
 */
export function parseTarNumber(field: Uint8Array): number {
  return (field[0] ?? 0) & 0x80 ? parseBase256(field) : parseOctal(field);
}

function parseBase256(field: Uint8Array): number {
  const [first = 0, ...rest] = field;
  if (first & 0x40) throw new TarFormatError("a number is negative");
  // Not with shifts: those are 32 bits wide.
  return rest.reduce((value, byte) => safe(value * 256 + byte), first & 0x3f);
}

function parseOctal(field: Uint8Array): number {
  let at = 0;
  while (field[at] === SPACE || field[at] === NUL) at++;
  let value = 0;
  for (; at < field.length && field[at] !== SPACE && field[at] !== NUL; at++) {
    const digit = field[at]! - ZERO;
    if (digit < 0 || digit > 7) throw new TarFormatError("a number is not octal");
    value = safe(value * 8 + digit);
  }
  for (; at < field.length; at++) {
    if (field[at] !== SPACE && field[at] !== NUL) throw new TarFormatError("a number is not octal");
  }
  return value;
}

function safe(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) throw new TarFormatError("a number is too large");
  return value;
}
