import type { Clock } from "../../../lib/util/clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** A clock on which each look at it takes time: what is looked at before and after is all that takes any. */
export class TickingClock extends FakeClock implements Clock {
  #tickMs: number;
  #passedMs = 0;

  /** @param tickMs How far it moves with each look. */
  constructor(tickMs: number) {
    super();
    this.#tickMs = tickMs;
  }

  /** The time, a tick later than the last one. */
  override now(): number {
    this.#passedMs += this.#tickMs;
    return super.now() + this.#passedMs;
  }

  /**
   * Lets time pass between looks.
   *
   * @param durationMs How much.
   */
  pass(durationMs: number): void {
    this.#passedMs += durationMs;
  }
}
