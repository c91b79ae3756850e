import type { Host, HostOutput } from "./host.ts";

/** What an output can show. */
export interface TerminalStyle {
  /** Whether it takes colors. */
  color: boolean;
  /** Whether only ASCII is safe. */
  ascii: boolean;
}

/**
 * Finds out what an output can show: colors on a terminal unless `NO_COLOR` is set or it is a dumb one, more than ASCII
 * where the locale is UTF-8.
 *
 * @param host The environment.
 * @param output Where to.
 * @returns What it can show.
 * @see https://no-color.org
 */
export function terminalStyle(host: Host, output: HostOutput): TerminalStyle {
  const locale = host.env("LC_ALL") || host.env("LC_CTYPE") || host.env("LANG") || "";
  return {
    color: output.isTerminal && !host.env("NO_COLOR") && host.env("TERM") !== "dumb",
    ascii: !host.isWindows && !/utf-?8/i.test(locale),
  };
}
