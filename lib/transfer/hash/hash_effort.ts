import type { Clock } from "../../util/clock.ts";
import { HashWorker } from "../../util/hash_worker.ts";
import { createSha, type ShaAlgorithm, type StreamHash } from "../../util/sha256.ts";

/** Time over which it is judged what the run is busy with. */
const WINDOW_MS = 100;
/** Share of the time from which hashing is what holds uploads back: sending takes the rest of a thread's. */
const BOTTLENECK_SHARE = 0.5;
/** A thread is worth starting, and a hash worth moving to it, for this much. */
const WORTHWHILE_BYTES = 32 * 2 ** 20;

/** What a {@linkcode HashEffort} needs. */
export interface HashEffortOptions {
  /** Time. */
  clock: Clock;
  /** Most threads to hash in besides this one; each takes about 24 MiB. */
  maxThreads: number;
  /**
   * Starts one.
   *
   * @default {a `HashWorker`}
   */
  startThread?: (() => HashWorker) | undefined;
}

/**
 * Watches how much of a run's time goes into hashing, and has other threads do it once that is what holds the uploads
 * back. Where the link is the limit, which is nearly everywhere, there is no other thread, and no memory for one.
 */
export class HashEffort implements Disposable {
  #options: HashEffortOptions;
  #threads: HashWorker[] = [];
  #starting: HashWorker | undefined;
  /** Hashes that are under way in this thread. */
  #load = 0;
  /** When the window began; long ago, so that the first one ends at once. */
  #sinceMs = 0;
  #hashingMs = 0;
  #isBottleneck = false;

  /**
   * Starts no thread yet.
   *
   * @param options Time, and how many threads there may be.
   */
  constructor(options: HashEffortOptions) {
    this.#options = options;
  }

  /**
   * Begins a hash in this thread; how long it takes is taken note of.
   *
   * @param algorithm As digests name it.
   * @returns The hash.
   */
  async here(algorithm: ShaAlgorithm): Promise<StreamHash> {
    const hash = await createSha(algorithm);
    this.#load++;
    let isUnderway = true;
    return {
      ...hash,
      update: (bytes) => this.#measure(() => hash.update(bytes)),
      [Symbol.dispose]: () => {
        if (isUnderway) this.#load--;
        isUnderway = false;
      },
    };
  }

  /**
   * Offers to hash a blob in another thread instead of this one.
   *
   * @param algorithm As digests name it.
   * @param leftBytes What would be hashed there.
   * @returns A fresh hash, if that would help and a thread is ready that has less to do than this one.
   */
  elsewhere(algorithm: ShaAlgorithm, leftBytes: number): StreamHash | undefined {
    if (!this.#isBottleneck || leftBytes < WORTHWHILE_BYTES) return undefined;
    const [idlest] = this.#threads.toSorted((one, other) => one.load - other.load);
    if (idlest && idlest.load < this.#load) return idlest.startHash(algorithm);
    if (this.#threads.length < this.#options.maxThreads) this.#startThread();
    return undefined;
  }

  /** Ends all threads. */
  [Symbol.dispose](): void {
    this.#starting?.[Symbol.dispose]();
    for (const thread of this.#threads) thread[Symbol.dispose]();
    this.#threads = [];
  }

  #measure(work: () => void): void {
    const { clock } = this.#options;
    const startMs = clock.now();
    work();
    const endMs = clock.now();
    this.#hashingMs += endMs - startMs;
    const windowMs = endMs - this.#sinceMs;
    if (windowMs < WINDOW_MS) return;
    this.#isBottleneck ||= this.#hashingMs >= BOTTLENECK_SHARE * windowMs;
    this.#sinceMs = endMs;
    this.#hashingMs = 0;
  }

  /** Where no thread can be had, everything is hashed in this one. */
  #startThread(): void {
    if (this.#starting) return;
    const thread = this.#starting = this.#options.startThread?.() ?? new HashWorker();
    thread.ready.then(() => {
      this.#threads.push(thread);
      this.#starting = undefined;
    }, () => {});
  }
}
