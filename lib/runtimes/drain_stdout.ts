/** As much as one read of a pipe gives. */
const BUFFER_BYTES = 64 * 1024;

/** Where the output of a program goes. */
export interface DrainOptions {
  /** Takes a chunk, which is valid only until the promise settles; the next is read after that. */
  onChunk: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Stops reading early, as if the output had ended. */
  signal: AbortSignal;
}

/**
 * Reads what a program prints through one reused buffer, at the pace of the receiver.
 *
 * @param stdout A byte stream.
 * @param options Where to, and until when.
 * @returns How many bytes there were.
 */
export async function drainStdout(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
  options: DrainOptions,
): Promise<number> {
  const { onChunk, signal } = options;
  const reader = stdout.getReader({ mode: "byob" });
  // Ending the program is not enough: a child of its own may hold the other end of the pipe.
  const stop = (): void => void reader.cancel();
  signal.addEventListener("abort", stop, { once: true });
  let buffer = new Uint8Array(BUFFER_BYTES);
  let sizeBytes = 0;
  try {
    while (true) {
      const { value, done } = await reader.read(buffer);
      if (value && value.length > 0) {
        await onChunk(value);
        sizeBytes += value.length;
      }
      if (done) return sizeBytes;
      buffer = new Uint8Array(value.buffer);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await reader.cancel();
    reader.releaseLock();
  }
}
