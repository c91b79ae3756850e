const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * Finds out how deeply JSON is nested without parsing it: a parser takes memory for every level.
 *
 * @param bytes JSON, or what is to be refused as such.
 * @returns The most lists and objects within each other.
 *
 * @example Usage
 * ```ts
 * import { jsonDepth } from "./json_depth.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(jsonDepth(new TextEncoder().encode('{"a":[1,"[["]}')), 2);
 * ```
 */
export function jsonDepth(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) at = endOfText(bytes, at);
    else if (OPENING.has(byte)) deepest = Math.max(deepest, ++depth);
    else if (CLOSING.has(byte)) depth--;
  }
  return deepest;
}

/** Where the quote is that ends the text. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
