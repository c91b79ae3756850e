/**
 * Measures this program against what this machine can do at most and against other tools, and prints one table: medians
 * of several rounds, and ratios of what was measured in the same round.
 *
 *     deno task bench [--only GROUP[,GROUP]] [--size 512MiB] [--runs 3] [--large 16GiB]
 *
 * With `--large` the group `memory` compares an image of 1 GiB with one of that size.
 *
 * A row that fails is left out, and the exit code is 1.
 *
 * What else the machine does falls on all rows, but not evenly; as root, `chrt -r 10 deno task bench` goes before it.
 * Before the machine's host nothing goes: the last column says how much it took.
 *
 * @module
 */

import { formatByteSize } from "../lib/util/byte_size.ts";
import { makeTempDir } from "../tests/support/temp_dir.ts";
import { type BenchOptions, readBenchOptions } from "./bench/bench_options.ts";
import { type BenchStage, createBenchStage } from "./bench/bench_stage.ts";
import { compressRows } from "./bench/compress_rows.ts";
import { copyRows } from "./bench/copy_rows.ts";
import { measure } from "./bench/measure.ts";
import { measureRounds } from "./bench/measure_rounds.ts";
import { memoryRows } from "./bench/memory_rows.ts";
import { script } from "./bench/own_program.ts";
import { pullRows } from "./bench/pull_rows.ts";
import { pushRows } from "./bench/push_rows.ts";
import type { Row } from "./bench/row.ts";
import { serveRows } from "./bench/serve_rows.ts";
import { formatTable } from "./bench/table.ts";
import { verifyRows } from "./bench/verify_rows.ts";

const BARE = "bare runtime";
const HASH_ONLY = "hash only, one thread";

const GROUPS: Readonly<Record<string, (stage: BenchStage, options: BenchOptions) => Promise<Row[]>>> = {
  push: pushRows,
  compress: compressRows,
  pull: pullRows,
  copy: copyRows,
  verify: verifyRows,
  serve: serveRows,
  memory: (stage, { sizeBytes, largeBytes }) =>
    memoryRows(stage, largeBytes === undefined ? [sizeBytes / 6, sizeBytes] : [2 ** 30, largeBytes]),
};

if (import.meta.main) Deno.exitCode = await main();

async function main(): Promise<number> {
  let options: BenchOptions;
  try {
    options = readBenchOptions(Deno.args, Object.keys(GROUPS));
  } catch (error) {
    print(`${(error as Error).message}\n`);
    return 2;
  }
  return await bench(options) ? 0 : 1;
}

/** Gives whether all went well. */
async function bench(options: BenchOptions): Promise<boolean> {
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await makeTempDir());
  const { sizeBytes, runs } = options;
  const stage = await createBenchStage(dir, { sizeBytes, resources });
  if (!stage.hasRegistry) tell("docker-registry is not installed: what needs it is left out.\n");
  const rows = await baselineRows(stage);
  for (const name of options.only) rows.push(...await GROUPS[name]!(stage, options));
  const measured = await measureRounds(rows, { runs, tell: (line) => tell(`${line}\n`) });
  const [bare, hashOnly] = measured;
  if (bare?.name !== BARE || hashOnly?.name !== HASH_ONLY) {
    throw new Error("There is nothing to compare with");
  }
  const { hardwareConcurrency: processors } = navigator;
  print(
    `${formatByteSize(sizeBytes)}, runs: ${runs}, Deno ${Deno.version.deno}, processors: ${processors}\n\n`,
  );
  print(formatTable(measured, { bare, hashOnly }));
  return measured.length === rows.length;
}

/** What all rows are compared with. */
async function baselineRows(stage: BenchStage): Promise<Row[]> {
  const { sizeBytes, dir } = stage;
  await Deno.writeTextFile(dir.join("empty.ts"), "");
  const hash = script("scripts/bench/limits.ts", "hash", await stage.one());
  return [
    { name: BARE, measure: () => measure(script(dir.join("empty.ts"))) },
    { name: HASH_ONLY, sizeBytes, measure: () => measure(hash) },
  ];
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** What is done meanwhile, apart from the table. */
function tell(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
