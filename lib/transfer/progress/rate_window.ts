/** How far back a rate looks. */
const WINDOW_MS = 8_000;

/** Bytes that come closer together than this are counted as one sample. */
const SAMPLE_MS = 250;

/** The first bytes fill the buffers of the network at once: a rate is never taken over less time than this. */
const MIN_SPAN_MS = 1_000;

/** Bytes per second over the last seconds, by a clock that the caller reads. */
export class RateWindow {
  /** Oldest first; never more than the window has room for. */
  #samples: { atMs: number; bytes: number }[] = [];
  /** When the first bytes ever came. */
  #startMs: number | undefined;

  /**
   * Counts bytes that just moved.
   *
   * @param bytes How many.
   * @param nowMs Time, in milliseconds.
   */
  add(bytes: number, nowMs: number): void {
    this.#startMs ??= nowMs;
    const last = this.#samples.at(-1);
    if (last && nowMs - last.atMs < SAMPLE_MS) last.bytes += bytes;
    else this.#samples.push({ atMs: nowMs, bytes });
    this.#forget(nowMs);
  }

  /**
   * The rate now.
   *
   * @param nowMs Time, in milliseconds.
   * @returns Bytes per second; 0 when nothing moved for the whole window.
   */
  bytesPerSecond(nowMs: number): number {
    if (this.#startMs === undefined) return 0;
    this.#forget(nowMs);
    const bytes = this.#samples.reduce((sum, sample) => sum + sample.bytes, 0);
    const spanMs = Math.min(WINDOW_MS, Math.max(MIN_SPAN_MS, nowMs - this.#startMs));
    return bytes / spanMs * 1_000;
  }

  #forget(nowMs: number): void {
    const firstKept = this.#samples.findIndex((sample) => nowMs - sample.atMs <= WINDOW_MS);
    this.#samples.splice(0, firstKept < 0 ? this.#samples.length : firstKept);
  }
}
