import { BLOCK_BUFFER_BYTES, type CompressionMethod } from "./compress_block.ts";
import type { CompressAnswer, CompressRequest } from "./compress_worker.ts";

/** Each thread takes about 18 MiB. */
const MAX_THREADS = 8;

/** One thread, and who waits for it, in order. */
interface Thread {
  worker: Worker;
  waiting: PromiseWithResolvers<Uint8Array<ArrayBuffer>>[];
}

/**
 * Threads that compress blocks, one for each processor; they start when there is work. `node:zlib` compresses in the
 * thread that asks for it, also where it is asked to do so asynchronously, and has zstd without its own threads.
 */
export class CompressorPool implements Disposable {
  /** How many threads there are at most. */
  readonly threads: number;
  #threads: Thread[] = [];
  /** Buffers that are not in use. */
  #free: ArrayBuffer[] = [];

  /**
   * Starts nothing yet.
   *
   * @param threads How many; as many as there are processors, up to 8, by default.
   */
  constructor(threads: number = Math.min(navigator.hardwareConcurrency, MAX_THREADS)) {
    this.threads = threads;
  }

  /**
   * Hands out a buffer for a block.
   *
   * @returns {@linkcode BLOCK_BUFFER_BYTES} bytes of arbitrary content.
   */
  takeBuffer(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(BLOCK_BUFFER_BYTES);
  }

  /**
   * Takes a buffer back that nobody uses any more.
   *
   * @param buffer One that was handed out, or that a compressed block came in.
   */
  giveBack(buffer: ArrayBuffer): void {
    this.#free.push(buffer);
  }

  /**
   * Compresses a block in the thread that has the least to do.
   *
   * @param block At the start of a buffer from {@linkcode takeBuffer}, which is handed over.
   * @param method How.
   * @returns The compressed block, to be given back.
   */
  async compress(
    block: Uint8Array<ArrayBuffer>,
    method: CompressionMethod,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const thread = this.#idlest();
    const result = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    thread.waiting.push(result);
    const request: CompressRequest = { block, method };
    thread.worker.postMessage(request, [block.buffer]);
    return await result.promise;
  }

  /** Ends all threads; what they still had to do fails. */
  [Symbol.dispose](): void {
    for (const thread of this.#threads) end(thread, new Error("The compressor pool was disposed"));
    this.#threads = [];
    this.#free = [];
  }

  #idlest(): Thread {
    const idle = this.#threads.find(({ waiting }) => waiting.length === 0);
    if (idle) return idle;
    if (this.#threads.length < this.threads) {
      return this.#start();
    }
    return this.#threads.reduce((best, thread) =>
      thread.waiting.length < best.waiting.length ? thread : best
    );
  }

  #start(): Thread {
    const worker = new Worker(new URL("./compress_worker.ts", import.meta.url), { type: "module" });
    const thread: Thread = { worker, waiting: [] };
    this.#threads.push(thread);
    worker.onmessage = ({ data }: MessageEvent<CompressAnswer>) => {
      const asking = thread.waiting.shift();
      if (data instanceof Error) asking?.reject(data);
      else asking?.resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#threads = this.#threads.filter((other) => other !== thread);
      end(thread, new Error(`A compressor thread cannot run: ${event.message}`));
    };
    return thread;
  }
}

function end({ worker, waiting }: Thread, error: Error): void {
  worker.terminate();
  for (const { reject } of waiting.splice(0)) reject(error);
}
