import { Mutex } from "../util/mutex.ts";
import { readOrSetAside } from "./read_or_set_aside.ts";
import {
  readStateDocument,
  type StateDocument,
  type StateOptions,
  writeStateDocument,
} from "./state_document.ts";
import { lockState } from "./state_lock.ts";

/**
 * A state file that serves convenience only, so nothing here ever throws: whatever goes wrong becomes a warning, once,
 * and a file that is not what it should be is set aside, not lost.
 *
 * @typeParam T Its content.
 */
export class ExpendableDocument<T> {
  #document: StateDocument<T>;
  #subject: string;
  #options: StateOptions;
  /** Within the process everybody waits in line: waiting for the file is by looking at it again and again. */
  #mutex = new Mutex();
  #hasWarned = false;

  /**
   * Names the file; nothing is read or created yet.
   *
   * @param document Which.
   * @param subject What it holds, for warnings, for example `the push history`.
   * @param options Time, and who hears of warnings.
   */
  constructor(document: StateDocument<T>, subject: string, options: StateOptions) {
    this.#document = document;
    this.#subject = subject;
    this.#options = options;
  }

  /**
   * Reads it.
   *
   * @returns Its content, or `undefined` if there is none that can be used.
   */
  async read(): Promise<T | undefined> {
    try {
      return await readStateDocument(this.#document);
    } catch {
      return await this.#underLock(() => this.#readOrSetAside());
    }
  }

  /**
   * Replaces its content, so that processes that do so at the same time lose nothing.
   *
   * @param change Makes the new content of the old.
   */
  async update(change: (content: T | undefined) => T): Promise<void> {
    await this.#underLock(async () => {
      await writeStateDocument(this.#document, change(await this.#readOrSetAside()));
    });
  }

  async #underLock<R>(work: () => Promise<R>): Promise<R | undefined> {
    try {
      using _turn = await this.#mutex.lock();
      using _lock = await lockState(this.#document.directory, this.#options.clock);
      return await work();
    } catch (error) {
      this.#warn(error);
      return undefined;
    }
  }

  #readOrSetAside(): Promise<T | undefined> {
    return readOrSetAside(
      this.#document,
      (message) => this.#options.onWarning(`${message} and ${this.#subject} starts anew.`),
    );
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onWarning(`Going on without ${this.#subject}: ${reason}.`);
  }
}
