import { runCommand } from "../../tests/support/run_command.ts";
import { readProcessorTime, stolenShare } from "./processor_time.ts";

/** What one run of a program took. */
export interface Measurement {
  /** By the clock. */
  wallSeconds: number;
  /** On all processors, in the program and in the system for it. */
  cpuSeconds: number;
  /** Most memory that was resident at once. */
  peakBytes: number;
  /** How much of the processor time that was wanted meanwhile the machine's host took, 0 to 1; nothing if unknown. */
  stolenShare: number | undefined;
}

/** A program to be measured. */
export interface Program {
  /** The command and its arguments. */
  command: readonly string[];
  /** Variables on top of the environment. */
  env?: Record<string, string> | undefined;
}

/**
 * Runs a program to its end and measures it as the kernel sees it.
 *
 * @param program What to run.
 * @returns What it took.
 * @throws {Error} If it fails, with what it wrote; or if GNU time is not installed.
 */
export async function measure({ command, env = {} }: Program): Promise<Measurement> {
  const report = await Deno.makeTempFile();
  try {
    const before = await readProcessorTime();
    const startMs = performance.now();
    await runCommand(["/usr/bin/time", "-o", report, "-f", "%U %S %M", ...command], { env });
    const wallSeconds = (performance.now() - startMs) / 1_000;
    const share = stolenShare(before, await readProcessorTime());
    const [user = 0, system = 0, peakKib = 0] = (await Deno.readTextFile(report)).split(" ").map(Number);
    return { wallSeconds, cpuSeconds: user + system, peakBytes: peakKib * 1024, stolenShare: share };
  } finally {
    await Deno.remove(report);
  }
}

/**
 * The one in the middle: half are below it.
 *
 * @param values At least one.
 * @returns Their median.
 */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
