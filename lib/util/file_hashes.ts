import { BUFFER_BYTES } from "./buffer_ring.ts";
import { HashWorker } from "./hash_worker.ts";
import { createSha, type ShaAlgorithm } from "./sha256.ts";
import { unlessAborted } from "./unless_aborted.ts";

/** Below this, a file is hashed sooner than a thread has begun. */
const WORTHWHILE_BYTES = 16 * 2 ** 20;

/** Hashes whole files, the large ones in other threads, several at once. */
export class FileHashes implements Disposable {
  #maxThreads: number;
  #threads: HashWorker[] = [];
  #isDisposed = false;

  /**
   * Starts no thread yet.
   *
   * @param maxThreads Most threads besides this one; each takes about 20 MiB. Without any, all is done in this one.
   */
  constructor(maxThreads: number) {
    this.#maxThreads = maxThreads;
  }

  /**
   * Hashes a file.
   *
   * @param path The file.
   * @param options How large it is, by which algorithm, and what ends it.
   * @returns Lower-case hexadecimal digits; `undefined` if it cannot be read.
   */
  async hex(
    path: string,
    { sizeBytes, algorithm, signal }: { sizeBytes: number; algorithm: ShaAlgorithm; signal: AbortSignal },
  ): Promise<string | undefined> {
    const thread = sizeBytes < WORTHWHILE_BYTES ? undefined : this.#idlest();
    if (!thread) return await hashHere(path, algorithm, signal);
    try {
      return await unlessAborted(thread.hashFile(path, algorithm), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (this.#isDisposed) throw error;
      // Where no thread can be had.
      return await hashHere(path, algorithm, signal);
    }
  }

  /** Ends the threads, and what they are at, which fails. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const thread of this.#threads.splice(0)) thread[Symbol.dispose]();
  }

  #idlest(): HashWorker | undefined {
    const [idlest] = this.#threads.toSorted((one, other) => one.load - other.load);
    if (idlest?.load === 0 || this.#threads.length >= this.#maxThreads) return idlest;
    const thread = new HashWorker();
    this.#threads.push(thread);
    return thread;
  }
}

async function hashHere(
  path: string,
  algorithm: ShaAlgorithm,
  signal: AbortSignal,
): Promise<string | undefined> {
  using hash = await createSha(algorithm);
  try {
    using file = await Deno.open(path);
    const buffer = new Uint8Array(BUFFER_BYTES);
    for (let read; (read = await file.read(buffer)) !== null;) {
      signal.throwIfAborted();
      hash.update(buffer.subarray(0, read));
    }
    return hash.hex();
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
