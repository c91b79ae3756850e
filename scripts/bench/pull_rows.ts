import type { BenchStage } from "./bench_stage.ts";
import { measure, type Measurement, type Program } from "./measure.ts";
import { ownProgram } from "./own_program.ts";
import { findPeers } from "./peers.ts";
import type { Row } from "./row.ts";

/**
 * Pulls into a file: from registries without and with a cache, beside a copy of the file, and beside other tools.
 *
 * @param stage With what.
 * @returns The rows.
 */
export async function pullRows(stage: BenchStage): Promise<Row[]> {
  const { sizeBytes, dir } = stage;
  const three = await stage.three();
  const [oneHost, threeHost] = [await stage.startSource(await stage.one()), await stage.startSource(three)];
  const output = dir.join("pulled.tar");
  const toFile = async (program: Program): Promise<Measurement> => {
    await Deno.remove(output).catch(expectMissing);
    return await measure(program);
  };
  const pull = (host: string, stateName: string, ...options: string[]): Program => {
    const args = ["pull", `${host}/bench:1`, "-o", output, "--platform", "linux/amd64", ...options];
    return ownProgram(dir.join(stateName), args);
  };
  const uncached = (host: string): Promise<Measurement> => toFile(pull(host, "state", "--no-cache"));
  const row = (name: string, measure: () => Promise<Measurement>): Row => ({ name, sizeBytes, measure });
  const rows = [
    row("pull 1 layer from a source", () => uncached(oneHost)),
    row("pull 3 layers from a source", () => uncached(threeHost)),
    row("pull 3 layers from a source into file and cache", async () => {
      await Deno.remove(dir.join("state-cache"), { recursive: true }).catch(expectMissing);
      return await toFile(pull(threeHost, "state-cache"));
    }),
    // The row before has filled the cache.
    row("pull 3 layers that are in the cache", () => toFile(pull(threeHost, "state-cache"))),
    row("cp of such an archive", () => toFile({ command: ["cp", three, output] })),
  ];
  if (!stage.hasRegistry) return rows;
  const { host } = await stage.filled();
  rows.push(row("pull 3 layers from docker-registry", () => uncached(host)));
  for (const { name, program } of await findPeers("pull")) {
    rows.push(row(`${name} of these`, () => toFile(program(`${host}/bench:1`, output))));
  }
  return rows;
}

function expectMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
