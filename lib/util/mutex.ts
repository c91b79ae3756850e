/** Lets one at a time do something, in the order in which they asked. */
export class Mutex {
  #last: Promise<void> = Promise.resolve();

  /**
   * Waits until everybody who asked before is done.
   *
   * @returns Lets the next one in when disposed.
   *
   * @example Usage
   * ```ts
   * import { Mutex } from "./mutex.ts";
   * import assert from "node:assert/strict";
   *
   * const mutex = new Mutex();
   * const order: string[] = [];
   * async function write(what: string): Promise<void> {
   *   using _turn = await mutex.lock();
   *   order.push(`begin ${what}`);
   *   await Promise.resolve();
   *   order.push(`end ${what}`);
   * }
   * await Promise.all([write("a"), write("b")]);
   * assert.deepEqual(order, ["begin a", "end a", "begin b", "end b"]);
   * ```
   */
  async lock(): Promise<Disposable> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    return { [Symbol.dispose]: resolve };
  }
}
