/** What text is painted in. */
export type Paint = "plain" | "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const PAINT_CODES: Readonly<Record<Paint, readonly [on: number, off: number]>> = {
  plain: [0, 0],
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Hides the cursor. */
export const HIDE_CURSOR = "\x1b[?25l";

/** Shows it again. */
export const SHOW_CURSOR = "\x1b[?25h";

/** From here on the terminal shows nothing new until {@linkcode END_FRAME}; those that cannot do it ignore it. */
export const BEGIN_FRAME = "\x1b[?2026h";

/** Shows what came since {@linkcode BEGIN_FRAME} at once. */
export const END_FRAME = "\x1b[?2026l";

/** Cuts lines off at the edge of the terminal until {@linkcode WRAP_LINES}. */
export const CUT_LINES = "\x1b[?7l";

/** Wraps lines at the edge of the terminal, as usual. */
export const WRAP_LINES = "\x1b[?7h";

/** Clears from the cursor to the end of the line. */
export const CLEAR_LINE = "\x1b[K";

/** Clears from the cursor to the end of the screen. */
export const CLEAR_DOWN = "\x1b[J";

/**
 * Paints text, if color is wanted.
 *
 * @param text Without control characters.
 * @param color In what.
 * @param isWanted Whether the terminal takes colors.
 * @returns The text, within escape sequences or as it was.
 */
export function paint(text: string, color: Paint, isWanted: boolean): string {
  const [on, off] = PAINT_CODES[color];
  return isWanted && text !== "" && color !== "plain" ? `\x1b[${on}m${text}\x1b[${off}m` : text;
}

/**
 * Moves the cursor to the start of a line above.
 *
 * @param lines How many lines up; 0 stays in the line.
 * @returns The escape sequence.
 */
export function cursorUp(lines: number): string {
  return lines === 0 ? "\r" : `\r\x1b[${lines}A`;
}

/**
 * Measures painted text.
 *
 * @param text Text that {@linkcode paint} made.
 * @returns How many characters a terminal shows of it.
 */
export function visibleLength(text: string): number {
  return visibleText(text).length;
}

/**
 * Takes the paint off.
 *
 * @param text Text that {@linkcode paint} made.
 * @returns What a terminal shows of it.
 */
export function visibleText(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[\d+m/g, "");
}
