import type { Measurement } from "./measure.ts";
import type { Row } from "./row.ts";
import type { MeasuredRow } from "./table.ts";

/**
 * Measures each row once, then each once more, and so on: what changes on the machine meanwhile falls on all.
 *
 * @param rows What to measure.
 * @param options How.
 * @param options.runs How often.
 * @param options.tell Is told what is done, a line at a time.
 * @returns What it took; without rows that fail, which are not tried again.
 */
export async function measureRounds(
  rows: readonly Row[],
  { runs, tell }: { runs: number; tell: (line: string) => void },
): Promise<MeasuredRow[]> {
  const measured = new Set(rows.map((row) => ({ ...row, measurements: [] as Measurement[] })));
  for (let round = 1; round <= runs; round++) {
    for (const row of measured) {
      try {
        const measurement = await row.measure();
        row.measurements.push(measurement);
        tell(`${round}/${runs} ${row.name}: ${measurement.wallSeconds.toFixed(2)} s`);
      } catch (error) {
        measured.delete(row);
        tell(`${round}/${runs} ${row.name}: left out, since it failed: ${(error as Error).message}`);
      }
    }
  }
  return [...measured];
}
