/** How {@linkcode mapConcurrently} works. */
export interface ConcurrencyOptions {
  /** Most that is worked on at once. */
  concurrency: number;
  /** Stops everything. */
  signal: AbortSignal;
}

/**
 * Works on several items at once. What fails first stops the rest, and is what it fails with once nothing is under way.
 *
 * @typeParam T An item.
 * @typeParam R What comes of it.
 * @param items What to work on.
 * @param work Works on one; its signal says that nobody waits for it any more.
 * @param options How many at once.
 * @returns What came of each, in the order of the items.
 * @throws Whatever the work throws.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<R>,
  options: ConcurrencyOptions,
): Promise<R[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const results: R[] = [];
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [at, item] of queue) {
      signal.throwIfAborted();
      results[at] = await work(item, signal);
    }
  };
  const lanes = Array.from({ length: options.concurrency }, () =>
    lane().catch((error) => {
      if (!signal.aborted) stop.abort(error);
    }));
  await Promise.all(lanes);
  signal.throwIfAborted();
  return results;
}
