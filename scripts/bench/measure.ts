/** What one run of a command took. */
export interface Measurement {
  /** From start to end, in seconds. */
  wallSeconds: number;
  /** User and system time, in seconds. */
  cpuSeconds: number;
  /** Largest resident set, in MiB. */
  peakMib: number;
}

/**
 * Runs a command under GNU time.
 *
 * @param command The program and its arguments.
 * @param env Environment variables to add.
 * @returns What it took.
 * @throws {Error} If it fails, with what it wrote.
 */
export async function measure(
  command: readonly string[],
  env: Record<string, string> = {},
): Promise<Measurement> {
  const startMs = performance.now();
  const { success, stderr } = await new Deno.Command("/usr/bin/time", {
    args: ["-f", "%U %S %M", ...command],
    env,
    stdin: "null",
    stdout: "null",
  }).output();
  const wallSeconds = (performance.now() - startMs) / 1_000;
  const text = new TextDecoder().decode(stderr).trimEnd();
  if (!success) throw new Error(`Cannot measure "${command.join(" ")}": ${text}`);
  const [user, system, peakKib] = text.slice(text.lastIndexOf("\n") + 1).split(" ").map(Number);
  return { wallSeconds, cpuSeconds: user! + system!, peakMib: peakKib! / 1_024 };
}

/**
 * The middle of several measurements, each figure for itself.
 *
 * @param runs At least one.
 * @returns Their medians.
 */
export function medianOf(runs: readonly Measurement[]): Measurement {
  const middle = (figure: keyof Measurement): number =>
    runs.map((run) => run[figure]).sort((a, b) => a - b)[Math.floor(runs.length / 2)]!;
  return { wallSeconds: middle("wallSeconds"), cpuSeconds: middle("cpuSeconds"), peakMib: middle("peakMib") };
}
