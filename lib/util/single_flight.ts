/**
 * Runs work at most once at a time per key: callers that come while it runs share its result.
 * Nothing is remembered once it has ended, so a failure can be tried again.
 *
 * @typeParam T What the work gives.
 */
export class SingleFlight<T> {
  /** Work under way. */
  #running = new Map<string, Promise<T>>();

  /**
   * Joins the work under this key, or starts it.
   *
   * @param key What makes two pieces of work the same.
   * @param work Starts it.
   * @returns Its result.
   */
  do(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running) return running;
    const started = work().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }
}
