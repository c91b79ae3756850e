import type { TransferEvent } from "../../transfer/events.ts";
import { printable } from "../../util/printable.ts";
import { paint } from "./ansi.ts";

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
