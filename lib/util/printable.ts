// C0, DEL and C1 controls, and the invisible characters that reorder or hide text.
// deno-lint-ignore no-control-regex
const UNPRINTABLE_REGEXP = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * Makes text from outside (registry errors, tags, paths) safe for a terminal: control and
 * invisible characters are shown as escapes instead of being obeyed.
 *
 * @param text Text of any origin.
 * @param maxLength Longer text is cut and ends in `…`.
 * @returns One printable line.
 */
export function printable(text: string, maxLength = 500): string {
  const escaped = text.replace(
    UNPRINTABLE_REGEXP,
    (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`,
  );
  return escaped.length > maxLength ? `${escaped.slice(0, maxLength - 1)}…` : escaped;
}
