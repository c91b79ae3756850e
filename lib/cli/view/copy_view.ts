import type { CopyReport } from "../../commands/copy/copy.ts";
import { printable } from "../../util/printable.ts";
import type { Outcome } from "../command_runner.ts";
import { partialError, sentText } from "./push_view.ts";

/**
 * What a copy has to show: a line for each tag at each destination, a summary, and an error if others failed.
 *
 * @param report What was copied.
 * @returns Lines of the form `registry/repository:tag@sha256:…`.
 */
export function copyOutcome(report: CopyReport): Outcome {
  const { copied, failures } = report;
  return {
    report,
    lines: copied.map(({ reference, digest }) =>
      reference.endsWith(`@${digest}`) ? reference : `${reference}@${digest}`
    ),
    summary: summaryText(report),
    error: partialError("copy", failures, copied.length),
  };
}

function summaryText(report: CopyReport): string {
  const { copied } = report;
  const what = copied.length === 1 ? printable(copied[0]!.reference) : `${copied.length} images`;
  const unchanged = copied.filter(({ isUnchanged }) => isUnchanged).length;
  if (unchanged === copied.length) {
    return `Nothing to copy: ${what} ${unchanged === 1 ? "is" : "are"} there already`;
  }
  const rest = unchanged === 0 ? "" : ` (${unchanged} of them there already)`;
  return `Copied ${what}${rest}: ${sentText(report)}`;
}
