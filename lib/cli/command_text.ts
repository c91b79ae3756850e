/** Options whose values nobody else should read. */
const SECRET_OPTION_REGEXP = /^--(?:src-|dest-)?password(?:$|=)/;

/** What shells take as it is. */
const PLAIN_REGEXP = /^[\w@%+=:,./-]+$/;

/**
 * Writes a command line as it would be typed, to be shown: without passwords, which are asked for then.
 *
 * @param args Arguments, without the program's name.
 * @param options How to quote.
 * @param options.isWindows Whether it is for a shell of Windows; else for one of POSIX.
 * @returns One line, not escaped for the terminal.
 *
 * @example Usage
 * ```ts
 * import { commandText } from "./command_text.ts";
 * import assert from "node:assert/strict";
 *
 * const text = commandText(["push", "my app.tar", "--password", "s3cret"], { isWindows: false });
 * assert.equal(text, "docker-image-pusher push 'my app.tar'");
 * ```
 */
export function commandText(args: readonly string[], { isWindows }: { isWindows: boolean }): string {
  const isSecret = (arg: string): boolean => SECRET_OPTION_REGEXP.test(arg);
  const shown = args.filter((arg, at) => {
    const previous = args[at - 1] ?? "";
    return !isSecret(arg) && !(isSecret(previous) && !previous.includes("="));
  });
  const quote = isWindows ? quoteForWindows : quoteForPosix;
  return ["docker-image-pusher", ...shown.map((arg) => PLAIN_REGEXP.test(arg) ? arg : quote(arg))].join(" ");
}

function quoteForPosix(arg: string): string {
  return `'${arg.replaceAll("'", `'\\''`)}'`;
}

function quoteForWindows(arg: string): string {
  return `"${arg}"`;
}
