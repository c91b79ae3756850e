import type { Measurement } from "./measure.ts";
import { readProcessorTime, stolenShare } from "./processor_time.ts";

/** How long a tick is, which Linux fixes for what it tells programs. */
const TICKS_PER_SECOND = 100;

/** What a process has taken so far. */
export interface ProcessUse {
  /** On all processors, in the program and in the system for it. */
  cpuSeconds: number;
  /** Most memory that was resident at once. */
  peakBytes: number;
}

/**
 * Measures what a server takes while a client is busy with it; its start counts for the peak only.
 *
 * @param pid The server.
 * @param client Does it; gives the seconds it took.
 * @returns What it took.
 */
export async function measureServer(pid: number, client: () => Promise<number>): Promise<Measurement> {
  const before = await readProcessorTime();
  const atStart = await readProcessUse(pid);
  const wallSeconds = await client();
  const atEnd = await readProcessUse(pid);
  return {
    wallSeconds,
    cpuSeconds: atEnd.cpuSeconds - atStart.cpuSeconds,
    peakBytes: atEnd.peakBytes,
    stolenShare: stolenShare(before, await readProcessorTime()),
  };
}

async function readProcessUse(pid: number): Promise<ProcessUse> {
  const [stat, status] = await Promise.all(
    ["stat", "status"].map((name) => Deno.readTextFile(`/proc/${pid}/${name}`)),
  );
  return parseProcessUse(stat!, status!);
}

/**
 * Understands what Linux tells of a process.
 *
 * @param stat Content of `/proc/PID/stat`.
 * @param status Content of `/proc/PID/status`.
 * @returns What it has taken.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function parseProcessUse(stat: string, status: string): ProcessUse {
  // The program's name is in parentheses, and may hold spaces and more of these.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  const peakKib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
  return { cpuSeconds: (userTicks + systemTicks) / TICKS_PER_SECOND, peakBytes: peakKib * 1024 };
}
