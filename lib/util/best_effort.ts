/**
 * Work that others can do without: the first failure is told, and ends all attempts.
 *
 * @example Usage
 * ```ts
 * import { BestEffort } from "./best_effort.ts";
 * import assert from "node:assert/strict";
 *
 * const told: unknown[] = [];
 * const notes = new BestEffort((error) => told.push(error));
 * assert.equal(await notes.attempt(() => Promise.resolve("kept")), "kept");
 * assert.equal(await notes.attempt(() => Promise.reject("the disk is full")), undefined);
 * assert.equal(await notes.attempt(() => Promise.resolve("not tried")), undefined);
 * assert.deepEqual(told, ["the disk is full"]);
 * ```
 */
export class BestEffort {
  #onFailure: (error: unknown) => void;
  #hasEnded = false;

  /** @param onFailure Told, once, what the first failure was. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /**
   * Tries work, unless some has failed before.
   *
   * @typeParam T What the work gives.
   * @param work What may fail.
   * @returns What it gave; `undefined` if it failed, or was not tried.
   */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#hasEnded) return undefined;
    try {
      return await work();
    } catch (error) {
      this.end(error);
      return undefined;
    }
  }

  /**
   * Ends all attempts, for a failure outside of them.
   *
   * @param error What failed.
   */
  end(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onFailure(error);
  }
}
