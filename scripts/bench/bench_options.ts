import { parseArgs } from "node:util";
import { parseByteSize } from "../../lib/util/byte_size.ts";

const MIB = 2 ** 20;
/** Layers of a half, a third and a sixth are whole. */
const STEP_BYTES = 6 * MIB;

/** What is measured, and how. */
export interface BenchOptions {
  /** Which groups of rows. */
  only: readonly string[];
  /** Bytes of an image's layers. */
  sizeBytes: number;
  /** How often each row is measured. */
  runs: number;
  /** The larger of two images whose memory is compared; nothing for those of the other rows. */
  largeBytes?: number;
}

/**
 * Reads the command line.
 *
 * @param args Its arguments.
 * @param groups Names of all groups of rows.
 * @returns What it says.
 * @throws {Error} If that cannot be done, with the usage.
 */
export function readBenchOptions(args: readonly string[], groups: readonly string[]): BenchOptions {
  const usage = `Usage: deno task bench [--only GROUP[,GROUP]] [--size SIZE] [--runs NUMBER] [--large SIZE]
Groups: ${groups.join(", ")}. SIZE is at least 6MiB.`;
  const size = { type: "string" } as const;
  const options = { only: { type: "string", multiple: true }, size, runs: size, large: size } as const;
  let values;
  try {
    values = parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    throw new Error(usage, { cause });
  }
  const only = values.only?.flatMap((names) => names.split(",")) ?? groups;
  const sizeBytes = roundToStep(parseByteSize(values.size ?? "512MiB") ?? NaN);
  const runs = Number(values.runs ?? 3);
  const largeBytes = values.large === undefined ? undefined : roundToStep(parseByteSize(values.large) ?? NaN);
  const isRight = only.every((name) => groups.includes(name)) && sizeBytes > 0 && Number.isInteger(runs) &&
    runs > 0 && (largeBytes === undefined || largeBytes > 0);
  if (!isRight) throw new Error(usage);
  return { only, sizeBytes, runs, ...(largeBytes === undefined ? {} : { largeBytes }) };
}

function roundToStep(sizeBytes: number): number {
  return Math.round(sizeBytes / STEP_BYTES) * STEP_BYTES;
}
