/** Hands bytes from one who has them to one who asks for them, without a queue: who gives waits until all are taken. */
export class Handoff {
  #rest: Uint8Array = new Uint8Array();
  #taken = Promise.withResolvers<void>();
  #arrival = Promise.withResolvers<void>();
  #end: { error?: unknown } | undefined;

  /**
   * Gives bytes; not to be called again before it has ended.
   *
   * @param bytes Valid until this has ended.
   * @throws What it was ended with, as soon as nobody will take them any more.
   */
  async give(bytes: Uint8Array): Promise<void> {
    if (this.#end?.error !== undefined) throw this.#end.error;
    if (bytes.length === 0) return;
    this.#rest = bytes;
    this.#taken = Promise.withResolvers();
    this.#arrival.resolve();
    await this.#taken.promise;
  }

  /**
   * Takes bytes; not to be called again before it has ended.
   *
   * @param into Receives them.
   * @returns How many: at least one, or 0 at the end.
   * @throws What it was ended with.
   */
  async take(into: Uint8Array): Promise<number> {
    while (this.#rest.length === 0) {
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end) return 0;
      await this.#arrival.promise;
    }
    const piece = this.#rest.subarray(0, into.length);
    into.set(piece);
    this.#rest = this.#rest.subarray(piece.length);
    if (this.#rest.length === 0) {
      this.#arrival = Promise.withResolvers();
      this.#taken.resolve();
    }
    return piece.length;
  }

  /**
   * Ends it, for both sides.
   *
   * @param error Why, if there should have been more.
   */
  end(error?: unknown): void {
    this.#end ??= { error };
    if (error !== undefined) {
      this.#rest = new Uint8Array();
      this.#taken.reject(error);
      this.#taken.promise.catch(() => {});
    }
    this.#arrival.resolve();
  }
}
