import type { Clock } from "../../lib/util/clock.ts";

/** How a {@linkcode FakeClock} runs. */
export interface FakeClockOptions {
  /**
   * The time at the start, in milliseconds since 1970.
   *
   * @default {2026-01-01T00:00:00Z}
   */
  nowMs?: number;
  /**
   * Whether a sleep takes no time at all: the clock jumps to its end by itself. Good for code that waits between
   * retries; `sleptMs` tells what it waited.
   *
   * @default {false}
   */
  autoAdvance?: boolean;
}

interface Alarm {
  dueMs: number;
  ring: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  /** Every sleep asked for, in milliseconds, in order. */
  readonly sleptMs: number[] = [];
  readonly #alarms = new Set<Alarm>();
  readonly #autoAdvance: boolean;
  #nowMs: number;

  /**
   * Makes a clock that stands still.
   *
   * @param options Where it starts and whether it jumps.
   */
  constructor({ nowMs = Date.UTC(2026, 0, 1), autoAdvance = false }: FakeClockOptions = {}) {
    this.#nowMs = nowMs;
    this.#autoAdvance = autoAdvance;
  }

  /** How many sleeps and timers have yet to end. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** See {@linkcode Clock.now}. */
  now(): number {
    return this.#nowMs;
  }

  /** See {@linkcode Clock.sleep}. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.sleptMs.push(durationMs);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = (): void => {
      this.#alarms.delete(alarm);
      reject(signal?.reason);
    };
    const alarm = this.#add(durationMs, () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    signal?.addEventListener("abort", stop, { once: true });
    if (this.#autoAdvance) this.#ringUntil(alarm.dueMs);
    return promise;
  }

  /** See {@linkcode Clock.timer}. */
  timer(durationMs: number, callback: () => void): Disposable {
    const alarm = this.#add(durationMs, callback);
    return { [Symbol.dispose]: () => void this.#alarms.delete(alarm) };
  }

  /**
   * Moves on. What is due on the way rings in order, and what that sets off may ask for more time on the way too.
   *
   * @param durationMs How far.
   */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settle();
    for (let next = this.#nextDueBy(endMs); next; next = this.#nextDueBy(endMs)) {
      this.#ringUntil(next.dueMs);
      await settle();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  #add(durationMs: number, ring: () => void): Alarm {
    const alarm = { dueMs: this.#nowMs + Math.max(durationMs, 0), ring };
    this.#alarms.add(alarm);
    return alarm;
  }

  #ringUntil(endMs: number): void {
    for (let next = this.#nextDueBy(endMs); next; next = this.#nextDueBy(endMs)) {
      this.#nowMs = next.dueMs;
      this.#alarms.delete(next);
      next.ring();
    }
    this.#nowMs = endMs;
  }

  #nextDueBy(endMs: number): Alarm | undefined {
    const due = [...this.#alarms].filter(({ dueMs }) => dueMs <= endMs);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Lets everything run that waits for nothing but its turn. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
