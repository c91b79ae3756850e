import type { BenchStage } from "./bench_stage.ts";
import { measure } from "./measure.ts";
import type { Row } from "./row.ts";

/**
 * Verifies an archive by itself, and against a docker-registry that holds its image.
 *
 * @param stage With what.
 * @returns The rows.
 */
export async function verifyRows(stage: BenchStage): Promise<Row[]> {
  const { sizeBytes } = stage;
  const three = await stage.three();
  const row = (name: string, ...args: string[]): Row => ({
    name,
    sizeBytes,
    measure: () => measure(stage.own("verify", three, ...args)),
  });
  const rows = [row("verify an archive of 3 layers")];
  if (!stage.hasRegistry) return rows;
  const target = `${(await stage.filled()).host}/bench:1`;
  return [
    ...rows,
    row("verify it against docker-registry", "-t", target),
    row("verify --deep of it against docker-registry", "-t", target, "--deep"),
  ];
}
