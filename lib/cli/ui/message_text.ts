import type { TransferEvent } from "../../transfer/events.ts";
import { printable } from "../../util/printable.ts";
import { paint } from "./ansi.ts";
import { formatDuration } from "./measures.ts";

/**
 * The line of an event that is meant to be read rather than drawn.
 *
 * @param event Any event.
 * @param options Whether to use color.
 * @returns The text of a notice or warning, escaped; `undefined` for everything else.
 */
export function messageText(event: TransferEvent, options: { color?: boolean } = {}): string | undefined {
  const { color = false } = options;
  if (event.type === "notice") return printable(event.message);
  if (event.type === "warning") return `${paint("warning:", "yellow", color)} ${printable(event.message)}`;
  return undefined;
}

/**
 * What is said of an attempt that failed.
 *
 * @param retry What follows, and why.
 * @returns For example `try 2 in 3s: the registry answered 503`, escaped.
 */
export function retryText(retry: { attempt: number; delayMs: number; reason: string }): string {
  return `try ${retry.attempt} in ${formatDuration(retry.delayMs)}: ${printable(retry.reason)}`;
}
