/**
 * The flags of the cache, which several commands share.
 *
 * @module
 */

import { PusherError } from "../../errors.ts";
import { formatByteSize, parseByteSize } from "../../util/byte_size.ts";
import { printable } from "../../util/printable.ts";

const DEFAULT_CACHE_BYTES = 10 * 2 ** 30;

/** Flag and help of what `--no-cache` turns off: it is there for those whose configuration does that. */
export const CACHE_OPTION = ["--cache", "use what was pulled earlier"] as const;

/** Help of `--cache-size`. */
export const CACHE_SIZE_HELP = `keep at most this much (default: ${formatByteSize(DEFAULT_CACHE_BYTES)})`;

/**
 * Reads the value of `--cache-size`.
 *
 * @param text A size such as `20GB`.
 * @returns Bytes.
 * @throws {PusherError} `USAGE` if it is none.
 */
export function parseCacheSize(text: string): number {
  const sizeBytes = parseByteSize(text);
  if (sizeBytes !== undefined) return sizeBytes;
  throw new PusherError("USAGE", `Cannot use --cache-size "${printable(text)}": it is not a size`, {
    detail: { option: "--cache-size" },
    hint: "Give a size such as 500MB or 20GiB.",
  });
}

/**
 * What the flags say of the cache.
 *
 * @param options Their values.
 * @param options.cache Whether it is used.
 * @param options.cacheSize Its bound.
 * @returns Most bytes that are kept; `undefined` if the cache is not used.
 */
export function maxCacheBytes(
  { cache, cacheSize = DEFAULT_CACHE_BYTES }: { cache: boolean; cacheSize?: number | undefined },
): number | undefined {
  return cache ? cacheSize : undefined;
}
