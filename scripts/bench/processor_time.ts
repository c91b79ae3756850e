/** What the processors of a machine have done since it started, in ticks of the system's clock. */
export interface ProcessorTime {
  /** Work, of whoever, on this machine. */
  busyTicks: number;
  /** Work that waited, since the host of this virtual machine had something else to do. */
  stolenTicks: number;
}

/**
 * Reads what the processors have done.
 *
 * @returns It; nothing where the system does not tell.
 */
export async function readProcessorTime(): Promise<ProcessorTime | undefined> {
  try {
    return parseProcessorTime(await Deno.readTextFile("/proc/stat"));
  } catch {
    return undefined;
  }
}

/**
 * Understands `/proc/stat`.
 *
 * @param text Its content.
 * @returns The times of all processors together.
 * @see https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat
 */
export function parseProcessorTime(text: string): ProcessorTime | undefined {
  const [, times] = /^cpu +([\d ]+)$/m.exec(text) ?? [];
  // What follows stands for guests of this machine, and is part of the first two.
  const [user, nice, system, _idle, _ioWait, irq, softIrq, stolenTicks] = times?.split(" ").map(Number) ?? [];
  if (stolenTicks === undefined) return undefined;
  return { busyTicks: user! + nice! + system! + irq! + softIrq!, stolenTicks };
}

/**
 * Compares two moments.
 *
 * @param before The first.
 * @param after The second.
 * @returns How much of the time that anyone wanted was stolen, 0 to 1; nothing if one moment is unknown.
 */
export function stolenShare(
  before: ProcessorTime | undefined,
  after: ProcessorTime | undefined,
): number | undefined {
  if (!before || !after) return undefined;
  const stolenTicks = after.stolenTicks - before.stolenTicks;
  const wantedTicks = stolenTicks + after.busyTicks - before.busyTicks;
  return wantedTicks > 0 ? stolenTicks / wantedTicks : 0;
}
