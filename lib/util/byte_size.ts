const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  kib: 2 ** 10,
  m: 1e6,
  mb: 1e6,
  mib: 2 ** 20,
  g: 1e9,
  gb: 1e9,
  gib: 2 ** 30,
};

const BYTE_SIZE_REGEXP = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i;

/**
 * Reads a size such as `20MiB`, `10MB` or `5242880`. `KB`, `MB`, `GB` are powers of 1000 and
 * `KiB`, `MiB`, `GiB` powers of 1024, as IEC 80000-13 says.
 *
 * @param text The size.
 * @returns Whole bytes, or `undefined` if it is not a size.
 */
export function parseByteSize(text: string): number | undefined {
  const match = BYTE_SIZE_REGEXP.exec(text.trim());
  const unit = UNITS[match?.[2]?.toLowerCase() ?? "?"];
  if (!match || unit === undefined) return undefined;
  const sizeBytes = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
}

/**
 * Writes a size for people: three significant digits, powers of 1024, for example `1.21 GiB`.
 *
 * @param sizeBytes Bytes, not negative.
 * @returns The text, at most 8 characters up to 999 TiB.
 */
export function formatByteSize(sizeBytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
