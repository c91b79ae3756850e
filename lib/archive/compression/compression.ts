/** How bytes are compressed. */
export type Compression = "gzip" | "zstd" | "bzip2" | "xz" | "lz4";

/** What this runtime decompresses by itself, and registries have layer types for. */
export type NativeCompression = Extract<Compression, "gzip" | "zstd">;

const MAGIC: readonly [Compression, readonly number[]][] = [
  ["gzip", [0x1f, 0x8b, 0x08]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["lz4", [0x04, 0x22, 0x4d, 0x18]],
];

/** After the first byte, 0x50 to 0x5f: frames for metadata, which pzstd puts before the others. */
const ZSTD_SKIPPABLE = [0x2a, 0x4d, 0x18];

/**
 * Tells from its first bytes how something is compressed. Names and media types are not asked: both lie.
 *
 * @param start The first bytes; six are enough.
 * @returns The compression, or `undefined` if it has none that is known.
 */
export function sniffCompression(start: Uint8Array): Compression | undefined {
  for (const [compression, magic] of MAGIC) if (startsWith(start, magic)) return compression;
  const isSkippable = (start[0] ?? 0) >> 4 === 0x5 && startsWith(start.subarray(1), ZSTD_SKIPPABLE);
  return isSkippable ? "zstd" : undefined;
}

/**
 * Whether this runtime decompresses something by itself.
 *
 * @param compression Any compression.
 * @returns Whether it does.
 */
export function isNative(compression: Compression): compression is NativeCompression {
  return compression === "gzip" || compression === "zstd";
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, at) => bytes[at] === byte);
}
