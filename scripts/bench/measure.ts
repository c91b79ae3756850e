/** What one run of a program took. */
export interface Measurement {
  /** By the clock. */
  wallSeconds: number;
  /** On all processors, in the program and in the system for it. */
  cpuSeconds: number;
  /** Most memory that was resident at once. */
  peakBytes: number;
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
    const args = ["-o", report, "-f", "%e %U %S %M", ...command];
    const startMs = performance.now();
    const output = await new Deno.Command("/usr/bin/time", { args, env, stdin: "null" }).output();
    const wallSeconds = (performance.now() - startMs) / 1_000;
    if (!output.success) {
      throw new Error(`${command.join(" ")} failed: ${new TextDecoder().decode(output.stderr).trim()}`);
    }
    const [, user = 0, system = 0, peakKib = 0] = (await Deno.readTextFile(report)).split(" ").map(Number);
    return { wallSeconds, cpuSeconds: user + system, peakBytes: peakKib * 1024 };
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
