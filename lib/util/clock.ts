/** Time as a dependency, so that tests decide how it passes. */
export interface Clock {
  /** Milliseconds since 1970, like `Date.now()`. */
  now(): number;
  /**
   * Waits.
   *
   * @param durationMs How long.
   * @param signal Ends the wait early by rejecting with its reason.
   */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls back once, later, without keeping the process alive for it alone.
   *
   * @param durationMs How much later.
   * @param callback What to call.
   * @returns Cancels the call when disposed.
   */
  timer(durationMs: number, callback: () => void): Disposable;
}

/** The real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep(durationMs, signal) {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = (): void => {
      clearTimeout(id);
      reject(signal?.reason);
    };
    const id = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, durationMs);
    signal?.addEventListener("abort", stop, { once: true });
    return promise;
  },
  timer(durationMs, callback) {
    const id = setTimeout(callback, durationMs);
    Deno.unrefTimer(id);
    return { [Symbol.dispose]: () => clearTimeout(id) };
  },
};
