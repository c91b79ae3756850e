/** With what one thread hashes at least, more than 500 MB/s. */
const MAX_HASH_THREADS = 3;

/**
 * How many threads may hash beside the one that sends.
 *
 * @returns As many as there are other processors, up to what it takes to be ahead of any link.
 */
export function hashThreads(): number {
  const { hardwareConcurrency: processors } = navigator;
  return Math.min(processors - 1, MAX_HASH_THREADS);
}

/**
 * How many threads may hash files while this one has little to do.
 *
 * @returns As many as there are processors, up to the same bound; none where there is one processor only.
 */
export function fileHashThreads(): number {
  const { hardwareConcurrency: processors } = navigator;
  return processors === 1 ? 0 : Math.min(processors, MAX_HASH_THREADS);
}
