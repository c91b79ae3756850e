/** Collects what a process writes, and tells when some text has come. */
export class ProcessOutput {
  /** Resolves at the end of the stream. */
  readonly ended: Promise<void>;
  #text = "";
  #isEnded = false;
  readonly #watchers = new Set<() => void>();

  /**
   * Starts reading.
   *
   * @param stream Where it comes from.
   */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#read(stream);
  }

  /** Everything so far. */
  get text(): string {
    return this.#text;
  }

  /**
   * Waits until text that matches has come.
   *
   * @param pattern What to look for in everything so far.
   * @returns The match.
   * @throws {Error} If the output ends without it.
   */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match) return match;
      if (this.#isEnded) throw new Error(`The output ended without ${pattern}:\n${this.#text}`);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#text += decoder.decode(chunk, { stream: true });
      this.#notify();
    }
    this.#isEnded = true;
    this.#notify();
  }

  #notify(): void {
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }
}
