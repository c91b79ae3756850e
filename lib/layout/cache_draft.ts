import type { Descriptor } from "../spec/descriptor.ts";
import type { Ingest } from "./ingest.ts";

/** Who hears what becomes of a blob on its way. */
interface DraftListener {
  /** Told that it is kept. */
  onKept: () => Promise<void>;
  /** Told why it cannot be. */
  onFailure: (error: unknown) => void;
}

/** A blob on its way into the cache. What fails is told once, and whoever writes goes on as if nothing had happened. */
export class CacheDraft implements Disposable {
  #blob: Descriptor;
  #ingest: Ingest;
  #listener: DraftListener;
  #hasFailed = false;

  /**
   * Takes over a blob on its way.
   *
   * @param blob What it will be.
   * @param ingest Where it is until then.
   * @param listener Told what becomes of it.
   */
  constructor(blob: Descriptor, ingest: Ingest, listener: DraftListener) {
    this.#blob = blob;
    this.#ingest = ingest;
    this.#listener = listener;
  }

  /** Bytes in it; 0 where it cannot be kept any more. */
  get sizeBytes(): number {
    return this.#hasFailed ? 0 : this.#ingest.sizeBytes;
  }

  /**
   * Reads some of what is there.
   *
   * @param into Receives it.
   * @param offsetBytes Where to start.
   * @returns How many bytes; 0 where there are none.
   */
  async readAt(into: Uint8Array, offsetBytes: number): Promise<number> {
    return await this.#attempt(() => this.#ingest.readAt(into, offsetBytes)) ?? 0;
  }

  /**
   * Appends bytes.
   *
   * @param bytes Free to be reused once this has settled.
   */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#attempt(() => this.#ingest.write(bytes));
  }

  /**
   * Makes it the blob.
   *
   * @param options What is known of it.
   * @param options.isVerified Whether all that is in it was found to have the blob's digest.
   */
  async commit(options: { isVerified: boolean }): Promise<void> {
    await this.#attempt(async () => {
      await this.#ingest.commit(this.#blob, options);
      await this.#listener.onKept();
    });
  }

  /** Removes it. */
  async abandon(): Promise<void> {
    await this.#ingest.abandon();
  }

  /** Leaves it for a later process. */
  [Symbol.dispose](): void {
    this.#ingest[Symbol.dispose]();
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#hasFailed) return undefined;
    try {
      return await work();
    } catch (error) {
      this.#hasFailed = true;
      // It may be what has filled the disk.
      await this.#ingest.abandon();
      this.#listener.onFailure(error);
      return undefined;
    }
  }
}
