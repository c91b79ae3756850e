import type { CacheList, CachePruneReport } from "../../commands/cache.ts";
import { formatByteSize } from "../../util/byte_size.ts";
import { printable } from "../../util/printable.ts";
import type { Outcome } from "../command_runner.ts";
import { alignColumns } from "../ui/align_columns.ts";
import { shortDigest } from "../ui/measures.ts";

/** Of a second. */
const FRACTION_REGEXP = /\.\d+/;

/**
 * What there is to show of the cache.
 *
 * @param report What is in it.
 * @returns A line for each image, then for each blob of none: name, digest, size, last use.
 */
export function cacheListOutcome(report: CacheList): Outcome {
  const { images, blobs, sizeBytes, unfinishedBytes, path } = report;
  const strays = blobs.filter((blob) => blob.images.length === 0).map((blob) => ({ name: "-", ...blob }));
  const rows = [...images, ...strays].map(({ name, digest, usedAt, ...each }) => [
    printable(name),
    shortDigest(digest),
    formatByteSize(each.sizeBytes),
    usedAt.replace(FRACTION_REGEXP, ""),
  ]);
  const content = blobs.length === 0
    ? "Nothing is kept"
    : `${count(images.length, "image")}, ${count(blobs.length, "blob")}, ${formatByteSize(sizeBytes)}`;
  const unfinished = unfinishedBytes > 0
    ? `, and ${formatByteSize(unfinishedBytes)} of unfinished blobs`
    : "";
  return { report, lines: alignColumns(rows), summary: `${content}${unfinished} in ${printable(path)}` };
}

/**
 * What there is to show of what was removed from the cache.
 *
 * @param report What was removed.
 * @returns A line for each image that is gone.
 */
export function cachePruneOutcome(report: CachePruneReport): Outcome {
  const { images, blobs, freedBytes, leftBytes } = report;
  const summary = freedBytes === 0
    ? `Nothing to remove; ${formatByteSize(leftBytes)} are kept`
    : `Freed ${formatByteSize(freedBytes)}, ${count(blobs, "blob")}; ${formatByteSize(leftBytes)} are kept`;
  return { report, lines: images.map((name) => printable(name)), summary };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
