import { formatByteSize } from "../../lib/util/byte_size.ts";
import type { BenchStage } from "./bench_stage.ts";
import { measure, type Program } from "./measure.ts";
import type { Row } from "./row.ts";

/** So slow that hashing never is what is waited for. */
const RATE = "40MB";

/**
 * The same for two images that differ in nothing but their size: does memory grow with it?
 *
 * @param stage With what.
 * @param sizes Their sizes.
 * @returns The rows.
 */
export async function memoryRows(stage: BenchStage, sizes: readonly number[]): Promise<Row[]> {
  const sink = await stage.startSink();
  const images = await Promise.all(sizes.map(async (sizeBytes) => {
    const archive = await stage.zeros(sizeBytes);
    return { sizeBytes, archive, image: `${await stage.startSource(archive)}/bench:1` };
  }));
  const rows = (name: string, program: (archive: string, image: string) => Program): Row[] =>
    images.map(({ sizeBytes, archive, image }) => {
      const { command } = program(archive, image);
      return {
        name: `${name} ${formatByteSize(sizeBytes)} at ${RATE}/s`,
        sizeBytes,
        measure: () => measure({ command: [...command, "--limit-rate", RATE] }),
      };
    });
  const target = `${sink}/bench:1`;
  return [
    ...rows("push", (archive) => stage.own("push", archive, "-t", target, "--yes")),
    ...rows("pull", (_, image) => stage.own("pull", image, "-o", "/dev/null", "--force", "--no-cache")),
    ...rows("copy", (_, image) => stage.own("copy", image, target)),
    ...rows("verify --deep", (archive, image) => stage.own("verify", archive, "-t", image, "--deep")),
  ];
}
