/** A fixed number of permits, handed out in the order they were asked for. */
export class Semaphore {
  /** Permits nobody holds. */
  #free: number;
  /** Who waits, oldest first. */
  #waiting: (() => void)[] = [];

  /**
   * @param permits How many may be held at once, at least 1.
   * @throws {RangeError} If `permits` is not a positive whole number.
   */
  constructor(permits: number) {
    if (!Number.isInteger(permits) || permits < 1) {
      throw new RangeError(
        `Cannot create a semaphore as 'permits' must be at least 1: current value is ${permits}`,
      );
    }
    this.#free = permits;
  }

  /**
   * Waits for a permit.
   *
   * @param signal Gives up waiting by rejecting with its reason.
   * @returns The permit; disposing it hands it on.
   */
  async acquire(signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    let held = true;
    const permit = {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        const next = this.#waiting.shift();
        if (next) next();
        else this.#free++;
      },
    };
    if (!signal?.aborted) return permit;
    // Aborted after the permit was handed on and before it arrived.
    permit[Symbol.dispose]();
    throw signal.reason;
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(enter), 1);
      reject(signal?.reason);
    };
    const enter = (): void => {
      signal?.removeEventListener("abort", leave);
      resolve();
    };
    this.#waiting.push(enter);
    signal?.addEventListener("abort", leave, { once: true });
    return promise;
  }
}
