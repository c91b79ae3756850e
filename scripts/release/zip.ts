import { crc32, deflateRawSync } from "node:zlib";
import { modeOf, type PackageFile } from "./package_file.ts";

/** Version of the format that can compress, made on Unix: its permissions are kept. */
const NEEDS_VERSION = 20;
const MADE_BY = 3 << 8 | NEEDS_VERSION;
const NAMES_ARE_UTF8 = 1 << 11;
const DEFLATED = 8;
const REGULAR_FILE = 0o100000;

/**
 * Makes a zip archive; the same of the same files, whoever makes it and wherever. Its times are those of UTC.
 *
 * @param files What goes in, in any order; none of 4 GiB or more.
 * @param epochSeconds When all of them were changed, in seconds since 1970.
 * @returns The archive.
 */
export function zip(files: readonly PackageFile[], epochSeconds: number): Uint8Array {
  const content: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offsetBytes = 0;
  for (const file of files.toSorted((one, other) => one.name < other.name ? -1 : 1)) {
    const name = new TextEncoder().encode(file.name);
    const body = deflateRawSync(file.content, { level: 9 });
    const common = fields([
      [2, NEEDS_VERSION],
      [2, NAMES_ARE_UTF8],
      [2, DEFLATED],
      [4, dosTime(epochSeconds)],
      [4, crc32(file.content)],
      [4, body.length],
      [4, file.content.length],
      [2, name.length],
      [2, 0],
    ]);
    const local = [fields([[4, 0x04034b50]]), common, name, body];
    directory.push(
      fields([[4, 0x02014b50], [2, MADE_BY]]),
      common,
      fields([[2, 0], [2, 0], [2, 0], [4, (REGULAR_FILE | modeOf(file)) * 2 ** 16], [4, offsetBytes]]),
      name,
    );
    content.push(...local);
    offsetBytes += lengthOf(local);
  }
  const end = fields([
    [4, 0x06054b50],
    [4, 0],
    [2, files.length],
    [2, files.length],
    [4, lengthOf(directory)],
    [4, offsetBytes],
    [2, 0],
  ]);
  return join([...content, ...directory, end]);
}

/** Two seconds are the unit; earlier than 1980 there is nothing. */
function dosTime(epochSeconds: number): number {
  const time = new Date(Math.max(epochSeconds, Date.UTC(1980) / 1000) * 1000);
  const date = time.getUTCFullYear() - 1980 << 9 | time.getUTCMonth() + 1 << 5 | time.getUTCDate();
  const clock = time.getUTCHours() << 11 | time.getUTCMinutes() << 5 | time.getUTCSeconds() >> 1;
  return date * 2 ** 16 + clock;
}

/** Numbers of two or four bytes, the lowest first. */
function fields(numbers: readonly [sizeBytes: 2 | 4, value: number][]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(14 * 4));
  let at = 0;
  for (const [sizeBytes, value] of numbers) {
    if (sizeBytes === 2) bytes.setUint16(at, value, true);
    else bytes.setUint32(at, value, true);
    at += sizeBytes;
  }
  return new Uint8Array(bytes.buffer, 0, at);
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
