/** What may wait in memory for the disk: enough that each flush is one long write, little enough for small machines. */
const FLUSH_BYTES = 64 * 2 ** 20;

/**
 * Has the system write a long file to the disk while it still grows. Otherwise all of it waits in memory for the end, where
 * nothing is left to do beside it, and a slow disk then takes as long again as the transfer did.
 */
export class EarlyFlush {
  #path: string;
  #flush: (path: string) => Promise<void>;
  #waitingBytes = 0;
  #flushing: Promise<void> | undefined;

  /**
   * Flushes nothing yet.
   *
   * @param path The file.
   * @param flush Writes it to the disk; through a handle of its own, since a file serves one call after the other.
   */
  constructor(path: string, flush: (path: string) => Promise<void> = flushFile) {
    this.#path = path;
    this.#flush = flush;
  }

  /**
   * Takes note of what was written, and flushes the file in the background each time that 64 MiB are waiting. What goes wrong
   * then, goes wrong once more when the file is flushed at its end.
   *
   * @param sizeBytes How much.
   */
  wrote(sizeBytes: number): void {
    this.#waitingBytes += sizeBytes;
    if (this.#flushing || this.#waitingBytes < FLUSH_BYTES) return;
    this.#waitingBytes = 0;
    this.#flushing = this.#flush(this.#path).catch(() => {}).finally(() => this.#flushing = undefined);
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await this.#flushing;
  }
}

async function flushFile(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.syncData();
}
