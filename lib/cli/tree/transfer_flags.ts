/**
 * Values of the flags that say how blobs are sent.
 *
 * @module
 */

import { PusherError } from "../../errors.ts";
import { parseByteSize } from "../../util/byte_size.ts";
import { printable } from "../../util/printable.ts";

/** Most blobs on their way at once. */
export const MAX_CONCURRENCY = 64;

const MIN_CHUNK_BYTES = 2 ** 20;
const MAX_CHUNK_BYTES = 4 * 2 ** 30;

/**
 * Parses `--concurrency`.
 *
 * @param text What was typed.
 * @returns Blobs at once.
 * @throws {PusherError} `USAGE` if it is no number, or out of bounds.
 */
export function parseConcurrency(text: string): number {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_CONCURRENCY) return number;
  throw invalid("--concurrency", text, `a whole number from 1 to ${MAX_CONCURRENCY}`);
}

/**
 * Parses `--blob-chunk`.
 *
 * @param text What was typed.
 * @returns Bytes.
 * @throws {PusherError} `USAGE` if it is no size, or out of bounds.
 */
export function parseChunkSize(text: string): number {
  const sizeBytes = parseByteSize(text);
  if (sizeBytes !== undefined && sizeBytes >= MIN_CHUNK_BYTES && sizeBytes <= MAX_CHUNK_BYTES) {
    return sizeBytes;
  }
  throw invalid("--blob-chunk", text, "a size from 1MiB to 4GiB");
}

function invalid(option: string, value: string, wanted: string): PusherError {
  return new PusherError("USAGE", `Cannot use ${option} "${printable(value)}": it is not ${wanted}`, {
    detail: { option },
    hint: `Give ${wanted}, or leave ${option} out.`,
  });
}
