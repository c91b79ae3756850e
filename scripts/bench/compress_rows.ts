import { makeTempDir } from "../../tests/support/temp_dir.ts";
import type { BenchStage } from "./bench_stage.ts";
import { ownProgram } from "./own_program.ts";
import { findPeers } from "./peers.ts";
import { measureAtEmptyRegistry, type Row } from "./row.ts";

/**
 * Pushes that compress to docker-registry, beside tools that always do.
 *
 * @param stage With what.
 * @returns The rows; none without docker-registry.
 */
export async function compressRows(stage: BenchStage): Promise<Row[]> {
  if (!stage.hasRegistry) return [];
  const { sizeBytes } = stage;
  const plain = await stage.plain();
  const rows = ["gzip", "zstd"].flatMap((method): Row[] => {
    const measureOnce = async ({ again = false } = {}) => {
      // What layers become is remembered there.
      await using state = await makeTempDir();
      const push = (host: string) =>
        ownProgram(state.path, ["push", plain, "-t", `${host}/bench:1`, "--yes", "--compress", method]);
      return await measureAtEmptyRegistry(push, { prepare: (host) => again ? [push(host)] : [] });
    };
    return [
      { name: `push 3 layers compressed with ${method}`, sizeBytes, measure: () => measureOnce() },
      {
        name: `the same push with ${method} again`,
        sizeBytes,
        measure: () => measureOnce({ again: true }),
      },
    ];
  });
  for (const { name, program } of await findPeers("compress")) {
    const toHost = (host: string) => program(plain, `${host}/bench:1`);
    rows.push({ name: `${name} of these`, sizeBytes, measure: () => measureAtEmptyRegistry(toHost) });
  }
  return rows;
}
