import { startThread } from "./start_thread.ts";

/** How bytes are compressed: the same bytes compressed in the same way give the same result. */
export interface CompressionMethod {
  /** The format of the result. */
  format: "gzip" | "zstd";
  /** From 1, the fastest: up to 9 for gzip, up to 19 for zstd. */
  level: number;
}

/** Bytes of a block: larger ones compress hardly better. */
export const BLOCK_BYTES: number = 2 ** 20;

/** What a block may grow by: zlib's `deflateBound`, since its fast levels look too late whether they gain anything. */
const BLOCK_MARGIN_BYTES = BLOCK_BYTES / 8 + BLOCK_BYTES / 64 + 2 ** 10;
/** Each thread takes about 18 MiB. */
const MAX_THREADS = 8;

/** Work for a thread. */
interface Request {
  /** At the start of a buffer, which is handed over and comes back. */
  block: Uint8Array<ArrayBuffer>;
  method: CompressionMethod;
}

/** What comes of it: the compressed block, in the same buffer, or why there is none. */
type Answer = Uint8Array<ArrayBuffer> | Error;

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
  readonly size: number;
  #threads: Thread[] = [];
  #isDisposed = false;
  /** Buffers that are not in use. */
  #free: ArrayBuffer[] = [];

  /**
   * Starts nothing yet.
   *
   * @param size How many threads there may be; as many as there are processors, up to 8, by default.
   */
  constructor(size: number = Math.min(navigator.hardwareConcurrency, MAX_THREADS)) {
    this.size = size;
  }

  /**
   * Hands out room for a block.
   *
   * @returns {@linkcode BLOCK_BYTES} of arbitrary content.
   */
  takeBlock(): Uint8Array<ArrayBuffer> {
    const buffer = this.#free.pop() ?? new ArrayBuffer(BLOCK_BYTES + BLOCK_MARGIN_BYTES);
    return new Uint8Array(buffer, 0, BLOCK_BYTES);
  }

  /**
   * Takes a block back that nobody uses any more.
   *
   * @param block One that was handed out, or compressed.
   */
  giveBack({ buffer }: Uint8Array<ArrayBuffer>): void {
    this.#free.push(buffer);
  }

  /**
   * Compresses a block by itself, in the thread that has the least to do. Results can be joined: zstd blocks are frames,
   * gzip blocks are pieces of a deflate stream, without its end.
   *
   * @param block One from {@linkcode takeBlock}, or the beginning of it; it cannot be used any more.
   * @param method How.
   * @returns The compressed block, to be given back.
   * @see https://www.rfc-editor.org/rfc/rfc1951
   * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1
   */
  async compress(
    block: Uint8Array<ArrayBuffer>,
    method: CompressionMethod,
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#isDisposed) throw disposed();
    const thread = this.#idlest();
    const result = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    thread.waiting.push(result);
    const request: Request = { block, method };
    thread.worker.postMessage(request, [block.buffer]);
    return await result.promise;
  }

  /** Ends all threads; what they still had to do fails. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const thread of this.#threads) end(thread, disposed());
    this.#threads = [];
    this.#free = [];
  }

  #idlest(): Thread {
    const [idlest] = this.#threads.toSorted((one, other) => one.waiting.length - other.waiting.length);
    const isFull = this.#threads.length >= this.size;
    return idlest && (isFull || idlest.waiting.length === 0) ? idlest : this.#start();
  }

  #start(): Thread {
    const worker = startThread(serveBlocks);
    const thread: Thread = { worker, waiting: [] };
    this.#threads.push(thread);
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
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

function disposed(): Error {
  return new Error("The compressor pool was disposed");
}

function end({ worker, waiting }: Thread, error: Error): void {
  worker.terminate();
  for (const { reject } of waiting.splice(0)) reject(error);
}

/** What runs in a thread. */
function serveBlocks(): void {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<Request>) => void;
    postMessage(answer: Answer, transfer: ArrayBuffer[]): void;
  };
  const loading = import("node:zlib");
  scope.onmessage = async ({ data: { block, method: { format, level } } }) => {
    const { constants, deflateRawSync, zstdCompressSync } = await loading;
    // One chunk for the whole result, so that nothing is left behind but that.
    const chunkSize = block.buffer.byteLength;
    try {
      const result = format === "gzip"
        ? deflateRawSync(block, { chunkSize, level, finishFlush: constants.Z_SYNC_FLUSH })
        : zstdCompressSync(block, {
          chunkSize,
          params: {
            [constants.ZSTD_c_compressionLevel]: level,
            // 1 MiB: who decompresses a block needs no more memory than for a block.
            [constants.ZSTD_c_windowLog]: 20,
          },
        });
      const compressed = new Uint8Array(block.buffer, 0, result.length);
      compressed.set(result);
      // Frees it now: what waits for the garbage collector would be tens of megabytes in each thread.
      if (result.buffer.byteLength >= chunkSize) (result.buffer as ArrayBuffer).transfer(0);
      scope.postMessage(compressed, [compressed.buffer]);
    } catch (error) {
      scope.postMessage(error instanceof Error ? error : new Error(String(error)), []);
    }
  };
}
