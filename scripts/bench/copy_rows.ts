import type { BenchStage } from "./bench_stage.ts";
import { findPeers } from "./peers.ts";
import { measureAtEmptyRegistry, type Row } from "./row.ts";

/**
 * Copies from a docker-registry to another one, beside other tools.
 *
 * @param stage With what.
 * @returns The rows; none without docker-registry.
 */
export async function copyRows(stage: BenchStage): Promise<Row[]> {
  if (!stage.hasRegistry) return [];
  const { sizeBytes } = stage;
  const source = `${(await stage.filled()).host}/bench:1`;
  const own = {
    name: "copy 3 layers between docker-registries",
    program: (from: string, to: string) => stage.own("copy", from, to),
  };
  const peers = (await findPeers("copy")).map(({ name, program }) => ({ name: `${name} of these`, program }));
  return [own, ...peers].map(({ name, program }) => ({
    name,
    sizeBytes,
    measure: () => measureAtEmptyRegistry((host) => program(source, `${host}/bench:1`)),
  }));
}
