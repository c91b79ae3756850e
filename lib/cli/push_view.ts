import { PusherError } from "../errors.ts";
import type { PushReport } from "../transfer/report.ts";
import { formatByteSize } from "../util/byte_size.ts";
import { printable } from "../util/printable.ts";
import type { Outcome } from "./command_runner.ts";
import { formatDuration, formatRate } from "./ui/measures.ts";

/**
 * What a push has to show: a line for each image in its registry, a summary, and an error if others failed.
 *
 * @param report What was pushed.
 * @returns Lines of the form `registry/repository:tag@sha256:…`.
 */
export function pushOutcome(report: PushReport): Outcome {
  return {
    report,
    lines: report.pushed.map(({ reference, digest }) =>
      reference.endsWith(`@${digest}`) ? reference : `${reference}@${digest}`
    ),
    summary: summaryText(report),
    error: partialError(report),
  };
}

function summaryText(report: PushReport): string {
  const { pushed, sentBytes, existingBytes, durationMs } = report;
  const what = pushed.length === 1 ? printable(pushed[0]!.reference) : `${pushed.length} images`;
  const sent = sentBytes === 0 ? "nothing sent" : `${formatByteSize(sentBytes)} sent`;
  const existing = existingBytes === 0 ? "" : `, ${formatByteSize(existingBytes)} already there`;
  const rate = sentBytes === 0 ? "" : ` (${formatRate(sentBytes / Math.max(durationMs, 1) * 1_000)})`;
  return `Pushed ${what}: ${sent}${existing}, in ${formatDuration(durationMs)}${rate}`;
}

function partialError(report: PushReport): PusherError | undefined {
  const { failures, pushed } = report;
  if (failures.length === 0) return undefined;
  return new PusherError(
    "PARTIAL",
    `Cannot push ${failures.length} of ${failures.length + pushed.length} images`,
    {
      detail: {
        failures: failures.map(({ reference, error }) => ({ target: reference, error })),
        succeeded: pushed.length,
      },
      hint: "Run the same command again: what arrived is not sent twice.",
    },
  );
}
