import type { EventSink } from "../../transfer/events.ts";

/** Shows on standard error what happens. Disposing it ends the show and leaves the terminal as it was. */
export interface Renderer extends Disposable {
  /** Takes an event in. */
  readonly onEvent: EventSink;
  /**
   * Shows a line that is no event.
   *
   * @param line Printable text without a line end.
   */
  print(line: string): void;
  /**
   * Leaves the terminal to a question, or to the shell.
   *
   * @returns Takes it back when disposed; `undefined` if there is nothing to take back.
   */
  pause(): Disposable | undefined;
}

/** Ways to show progress; `auto` is `tty` for a person at a terminal and `plain` otherwise. */
export const PROGRESS_STYLES = ["auto", "tty", "plain", "json", "none"] as const;

/** One of {@linkcode PROGRESS_STYLES}. */
export type ProgressStyle = typeof PROGRESS_STYLES[number];
