import { type Measurement, median } from "./measure.ts";

const MIB = 2 ** 20;

/** A row, and what it took each time. */
export interface MeasuredRow {
  /** What was measured. */
  name: string;
  /** What was read or sent, for the throughput. */
  sizeBytes?: number;
  /** One for each round. */
  measurements: readonly Measurement[];
}

/** What rows are compared with. */
export interface Baselines {
  /** A program that does nothing. */
  bare: MeasuredRow;
  /** A program that only hashes. */
  hashOnly: MeasuredRow;
}

/**
 * Writes a table in Markdown: medians, and ratios that are made round by round, so that what else the machine does falls
 * on both sides.
 *
 * @param rows What was measured, the baselines included, in the same rounds.
 * @param baselines What to compare with.
 * @returns The table; each line ends with a line feed.
 */
export function formatTable(rows: readonly MeasuredRow[], { bare, hashOnly }: Baselines): string {
  const lines = rows.map((row) => {
    const medianOf = (value: (measurement: Measurement, round: number) => number): number =>
      median(row.measurements.map(value));
    const hasRate = row.sizeBytes !== undefined;
    return [
      row.name,
      medianOf(({ wallSeconds }) => wallSeconds).toFixed(2),
      hasRate ? (medianOf((_, round) => rateOf(row, round)) / 1e6).toFixed(0) : "",
      hasRate ? medianOf((_, round) => rateOf(row, round) / rateOf(hashOnly, round)).toFixed(2) : "",
      medianOf(({ cpuSeconds }) => cpuSeconds).toFixed(2),
      (medianOf(({ peakBytes }) => peakBytes) / MIB).toFixed(0),
      row === bare
        ? ""
        : (medianOf(({ peakBytes }, round) => peakBytes - bare.measurements[round]!.peakBytes) / MIB).toFixed(
          0,
        ),
      row.measurements.every(({ stolenShare }) => stolenShare !== undefined)
        ? (medianOf(({ stolenShare }) => stolenShare!) * 100).toFixed(0)
        : "",
    ];
  });
  const head = ["", "wall s", "MB/s", "× hash only", "CPU s", "peak MiB", "above bare", "stolen %"];
  const rule = head.map((_, column) => column === 0 ? "---" : "---:");
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function rateOf({ sizeBytes, measurements }: MeasuredRow, round: number): number {
  return sizeBytes! / measurements[round]!.wallSeconds;
}
