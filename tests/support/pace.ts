/** Holds back bytes so that they pass no faster than a link of some speed would let them. */
export class Pace {
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  /** @param bytesPerSecond The speed, shared by all who ask. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /**
   * Waits until bytes may pass.
   *
   * @param sizeBytes How many.
   */
  async pass(sizeBytes: number): Promise<void> {
    const nowMs = performance.now();
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + sizeBytes / this.#bytesPerMs;
    const waitMs = this.#freeAtMs - nowMs;
    // Shorter waits would be rounded up.
    if (waitMs >= 5) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
