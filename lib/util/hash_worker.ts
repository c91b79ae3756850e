import { BUFFER_BYTES } from "./buffer_ring.ts";
import type { ShaAlgorithm, StreamHash } from "./sha256.ts";
import { startThread } from "./start_thread.ts";

/** Buffers that both threads see: enough that the other one always has something to do. */
const BUFFERS = 8;

/**
 * What the other thread is told: where bytes will be; then hash by hash how it begins, what it is of, that it ends; or all at
 * once, of a file.
 */
type Order =
  | { memory: SharedArrayBuffer }
  | { id: number; algorithm: string; path: string }
  | { id: number; algorithm: string }
  | { id: number; offsetBytes: number; lengthBytes: number }
  | { id: number };

/** What it answers: that it can begin, that a buffer is free again, what came out, if anything. */
type Answer =
  | { isReady: true }
  | { offsetBytes: number }
  | { id: number; hex: string | undefined };

/**
 * A thread that hashes. Bytes are copied into memory that both threads see, which takes a small part of the time that
 * hashing them takes.
 */
export class HashWorker implements Disposable {
  #worker: Worker;
  #memory = new SharedArrayBuffer(BUFFERS * BUFFER_BYTES);
  #ready = Promise.withResolvers<void>();
  /** Where buffers are that are free. */
  #free = Array.from({ length: BUFFERS }, (_, at) => at * BUFFER_BYTES);
  /** Those that wait for one, first come first served. */
  #waiting: PromiseWithResolvers<number>[] = [];
  #results = new Map<number, PromiseWithResolvers<string | undefined>>();
  #begun = 0;
  #failure: Error | undefined;

  /** Starts the thread, which takes a tenth of a second. */
  constructor() {
    this.#ready.promise.catch(() => {});
    this.#worker = startThread(serveHashes);
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(`The thread that hashes has failed: ${event.message}`));
    };
    this.#tell({ memory: this.#memory });
  }

  /** Resolved when it can begin; rejected if it never will. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Hashes it is busy with. */
  get load(): number {
    return this.#results.size;
  }

  /**
   * Begins a hash.
   *
   * @param algorithm As digests name it.
   * @returns The hash. Its bytes may be reused when `update` is through; disposing it gives it up.
   */
  startHash(algorithm: ShaAlgorithm): StreamHash {
    const { id, result } = this.#begin();
    this.#tell({ id, algorithm });
    let last = Promise.resolve();
    return {
      update: (bytes) => last = last.then(() => this.#update(id, bytes)),
      hex: () =>
        last.then(() => {
          this.#tell({ id });
          return result as Promise<string>;
        }),
      [Symbol.dispose]: () => {
        if (this.#results.delete(id)) this.#tell({ id });
      },
    };
  }

  /**
   * Hashes a file, which the thread reads by itself.
   *
   * @param path The file.
   * @param algorithm As digests name it.
   * @returns Lower-case hexadecimal digits; `undefined` if it cannot be read.
   * @throws {Error} If the thread fails or is ended.
   */
  async hashFile(path: string, algorithm: ShaAlgorithm): Promise<string | undefined> {
    const { id, result } = this.#begin();
    this.#tell({ id, algorithm, path });
    return await result;
  }

  /** Ends the thread, and whatever waits for it. */
  [Symbol.dispose](): void {
    this.#fail(new DOMException("The hashing was given up.", "AbortError"));
  }

  #begin(): { id: number; result: Promise<string | undefined> } {
    const id = this.#begun++;
    const result = Promise.withResolvers<string | undefined>();
    result.promise.catch(() => {});
    if (this.#failure) result.reject(this.#failure);
    else this.#results.set(id, result);
    return { id, result: result.promise };
  }

  async #update(id: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const piece = bytes.subarray(done, done + BUFFER_BYTES);
      const offsetBytes = await this.#freeBuffer();
      new Uint8Array(this.#memory, offsetBytes).set(piece);
      this.#tell({ id, offsetBytes, lengthBytes: piece.length });
      done += piece.length;
    }
  }

  #freeBuffer(): number | Promise<number> {
    if (this.#failure) throw this.#failure;
    const offsetBytes = this.#free.pop();
    if (offsetBytes !== undefined) return offsetBytes;
    const waiter = Promise.withResolvers<number>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  #take(answer: Answer): void {
    if ("isReady" in answer) return this.#ready.resolve();
    if ("id" in answer) {
      this.#results.get(answer.id)?.resolve(answer.hex);
      this.#results.delete(answer.id);
      return;
    }
    const waiter = this.#waiting.shift();
    if (waiter) waiter.resolve(answer.offsetBytes);
    else this.#free.push(answer.offsetBytes);
  }

  #tell(order: Order): void {
    if (!this.#failure) this.#worker.postMessage(order);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#worker.terminate();
    this.#ready.reject(error);
    for (const { reject } of [...this.#waiting.splice(0), ...this.#results.values()]) reject(error);
    this.#results.clear();
  }
}

/** What runs in the thread. */
function serveHashes(): void {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<Order>) => void;
    postMessage(answer: Answer): void;
  };
  const crypto = import("node:crypto");
  const hashes = new Map<number, import("node:crypto").Hash>();
  let memory: SharedArrayBuffer;
  const hashFile = async (hash: import("node:crypto").Hash, path: string): Promise<void> => {
    const file = await Deno.open(path);
    try {
      const buffer = new Uint8Array(2 ** 18);
      for (let read; (read = await file.read(buffer)) !== null;) hash.update(buffer.subarray(0, read));
    } finally {
      file.close();
    }
  };
  scope.onmessage = async ({ data: order }) => {
    const { createHash } = await crypto;
    if ("memory" in order) {
      memory = order.memory;
      return scope.postMessage({ isReady: true });
    }
    const { id } = order;
    if ("path" in order) {
      const hash = createHash(order.algorithm);
      return hashFile(hash, order.path).then(
        () => scope.postMessage({ id, hex: hash.digest("hex") }),
        () => scope.postMessage({ id, hex: undefined }),
      );
    }
    if ("algorithm" in order) return void hashes.set(id, createHash(order.algorithm));
    if ("offsetBytes" in order) {
      const { offsetBytes, lengthBytes } = order;
      hashes.get(id)?.update(new Uint8Array(memory, offsetBytes, lengthBytes));
      return scope.postMessage({ offsetBytes });
    }
    const hash = hashes.get(id);
    hashes.delete(id);
    if (hash) scope.postMessage({ id, hex: hash.digest("hex") });
  };
}
