import type { PullReport } from "../../commands/pull/pull.ts";
import { formatByteSize } from "../../util/byte_size.ts";
import { printable } from "../../util/printable.ts";
import type { Outcome } from "../command_runner.ts";
import { formatElapsed, formatRate, retriesText } from "../ui/measures.ts";

/**
 * What a pull has to show: a line for each image in the archive, and a summary. Where the archive went to standard output,
 * there is no room for lines.
 *
 * @param report What was pulled.
 * @returns Lines of the form `registry/repository:tag@sha256:… file`.
 */
export function pullOutcome(report: PullReport): Outcome {
  const { path, images, isCut } = report;
  const lines = path === undefined ? [] : images.map(({ reference, digest }) => {
    const pinned = reference.endsWith(`@${digest}`) ? reference : `${reference}@${digest}`;
    return `${pinned} ${printable(path)}`;
  });
  const summary = isCut ? "Stopped: nobody reads the archive any more" : summaryText(report);
  return { report, lines, summary };
}

function summaryText(
  { images, sizeBytes, receivedBytes, heldBytes, cachedBytes, retries, durationMs }: PullReport,
): string {
  const what = images.length === 1 ? printable(images[0]!.reference) : `${images.length} images`;
  const received = receivedBytes === 0 ? "nothing received" : `${formatByteSize(receivedBytes)} received`;
  const held = heldBytes === 0 ? "" : `, ${formatByteSize(heldBytes)} already there`;
  const cached = cachedBytes === 0 ? "" : `, ${formatByteSize(cachedBytes)} from the cache`;
  const rate = receivedBytes === 0 ? "" : ` (${formatRate(receivedBytes / Math.max(durationMs, 1) * 1_000)})`;
  return `Pulled ${what}: an archive of ${formatByteSize(sizeBytes)}; ${received}${held}${cached}, in ${
    formatElapsed(durationMs)
  }${rate}${retriesText(retries)}`;
}
