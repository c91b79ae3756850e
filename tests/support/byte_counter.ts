/** Counts bytes, and tells when there were enough. */
export class ByteCounter {
  #totalBytes = 0;
  readonly #watchers = new Set<() => void>();

  /** Everything so far. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /**
   * Counts more.
   *
   * @param sizeBytes How many.
   */
  add(sizeBytes: number): void {
    this.#totalBytes += sizeBytes;
    for (const look of this.#watchers) look();
  }

  /**
   * Waits for a total.
   *
   * @param totalBytes What the total must have come to.
   */
  async reach(totalBytes: number): Promise<void> {
    if (this.#totalBytes >= totalBytes) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#totalBytes >= totalBytes) resolve();
    };
    this.#watchers.add(look);
    await promise;
    this.#watchers.delete(look);
  }
}
