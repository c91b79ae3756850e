import type { BlobRange } from "./stream_body.ts";

/**
 * Fills in which part of a file's content is meant.
 *
 * @param sizeBytes Size of the content.
 * @param range The part; where nothing is said, from the start, and to the end.
 * @returns The part.
 * @throws {RangeError} If it reaches beyond the content.
 */
export function partOf(
  sizeBytes: number,
  range: BlobRange,
): Required<Pick<BlobRange, "offsetBytes" | "lengthBytes">> {
  const { offsetBytes = 0, lengthBytes = sizeBytes - offsetBytes } = range;
  if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes + lengthBytes > sizeBytes) {
    throw new RangeError(
      `Cannot read ${lengthBytes} bytes at ${offsetBytes} of a blob as it has ${sizeBytes}`,
    );
  }
  return { offsetBytes, lengthBytes };
}
