import { HashEffort } from "../../../../lib/transfer/hash/hash_effort.ts";
import { HashWorker } from "../../../../lib/util/hash_worker.ts";
import { TickingClock } from "../ticking_clock.ts";

/** Large enough that another thread is worth it. */
export const LARGE_BYTES: number = 2 ** 30;

/** A run whose time goes where a test says. */
export class HashStage implements Disposable {
  /** Each look at it takes 10 ms: so does hashing anything, however little. */
  readonly clock = new TickingClock(10);
  /** What decides where is hashed. */
  readonly effort: HashEffort;
  /** The threads that were started. */
  readonly threads: HashWorker[] = [];

  /** @param maxThreads How many there may be. */
  constructor(maxThreads = 1) {
    const startThread = (): HashWorker => {
      const thread = new HashWorker();
      this.threads.push(thread);
      return thread;
    };
    this.effort = new HashEffort({ clock: this.clock, maxThreads, startThread });
  }

  /**
   * Lets a window and a half pass with hashing, of a blob that stays under way.
   *
   * @param otherMs Time that goes into something else, each time that something is hashed.
   */
  async hash(otherMs: number): Promise<void> {
    const hash = await this.effort.here("sha256");
    for (let round = 0; round < 15 + 300 / (20 + otherMs); round++) {
      await hash.update(new Uint8Array(1));
      this.clock.pass(otherMs);
    }
  }

  /** Has one more thread started, and waits until it can be used. */
  async startThread(): Promise<void> {
    this.effort.elsewhere("sha256", LARGE_BYTES);
    await this.threads.at(-1)!.ready;
  }

  /** Ends all threads. */
  [Symbol.dispose](): void {
    this.effort[Symbol.dispose]();
  }
}
