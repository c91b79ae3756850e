// Controls (C0, DEL, C1), format characters (those that reorder or hide text), line separators, half pairs.
const UNPRINTABLE_REGEXP = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const HALF_PAIR_REGEXP = /\p{Cs}$/u;

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
  if (escaped.length <= maxLength) return escaped;
  return `${escaped.slice(0, maxLength - 1).replace(HALF_PAIR_REGEXP, "")}…`;
}
