import type { HistoryReport, PastPush } from "../../commands/history.ts";
import { printable } from "../../util/printable.ts";
import type { Outcome } from "../command_runner.ts";
import { alignColumns } from "../ui/align_columns.ts";
import { shortDigest } from "../ui/measures.ts";

/** Of a second. */
const FRACTION_REGEXP = /\.\d+/;

/**
 * What there is to show of pushes of the past.
 *
 * @param report The newest first.
 * @returns A line for each: when, image, target and short digest.
 */
export function historyOutcome(report: HistoryReport): Outcome {
  const { pushes, remembered } = report;
  const lines = alignColumns(pushes.map(cells));
  if (remembered === 0) return { report, lines, summary: "Nothing was pushed from here yet" };
  return remembered > pushes.length
    ? { report, lines, summary: `${pushes.length} of ${remembered} pushes; --limit shows more` }
    : { report, lines };
}

function cells({ pushedAt, image, target, digest }: PastPush): string[] {
  return [
    pushedAt.replace(FRACTION_REGEXP, ""),
    printable(shortDigest(image)),
    printable(target),
    shortDigest(digest),
  ];
}
