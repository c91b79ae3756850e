/** A part of some content. */
export interface ByteRange {
  /** First byte. */
  offsetBytes: number;
  /** How many bytes, at least one. */
  lengthBytes: number;
}

const RANGE_REGEXP = /^bytes=(\d*)-(\d*)$/;

/**
 * Reads a `Range` header: `bytes=a-b`, `bytes=a-` or the last bytes, `bytes=-n`. Several ranges at once and other units
 * are ignored, as RFC 9110 allows.
 *
 * @param header The header; `null` if there is none.
 * @param sizeBytes Of the whole content.
 * @returns The part; `"whole"` if none is asked for; `"unsatisfiable"` if there is no such part.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 *
 * @example Usage
 * ```ts
 * import { parseByteRange } from "./byte_range.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseByteRange("bytes=10-", 100), { offsetBytes: 10, lengthBytes: 90 });
 * assert.equal(parseByteRange("bytes=100-", 100), "unsatisfiable");
 * ```
 */
export function parseByteRange(
  header: string | null,
  sizeBytes: number,
): ByteRange | "whole" | "unsatisfiable" {
  const [, first = "", last = ""] = RANGE_REGEXP.exec(header ?? "") ?? [];
  if (first === "" && last === "") return "whole";
  if (first !== "" && last !== "" && Number(last) < Number(first)) return "whole";
  const start = first === "" ? Math.max(sizeBytes - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  return start < end ? { offsetBytes: start, lengthBytes: end - start } : "unsatisfiable";
}
