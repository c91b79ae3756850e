/** What JSON may hold as it is, but a terminal would obey or hide. Line ends between values are kept. */
const UNSAFE_REGEXP = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** How to write JSON. */
export interface SafeJsonOptions {
  /** Changes values on their way, as for `JSON.stringify`. */
  replacer?: (key: string, value: unknown) => unknown;
  /**
   * Spaces to indent by; everything is in one line without.
   *
   * @default {0}
   */
  indent?: number;
}

/**
 * Writes JSON that does no harm when it ends up on a terminal.
 *
 * @param value Plain data.
 * @param options How.
 * @returns JSON without a line end; control and invisible characters are escaped.
 *
 * @example Usage
 * ```ts
 * import { safeJson } from "./safe_json.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(safeJson({ name: "\u202eexe" }), '{"name":"\\u202eexe"}');
 * ```
 */
export function safeJson(value: unknown, options: SafeJsonOptions = {}): string {
  return JSON.stringify(value, options.replacer, options.indent).replace(UNSAFE_REGEXP, escapeUnits);
}

function escapeUnits(char: string): string {
  return Array.from(
    { length: char.length },
    (_, index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}
