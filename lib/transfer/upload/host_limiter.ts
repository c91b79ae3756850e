import type { Clock } from "../../util/clock.ts";

/** Calm successes after which one more blob is let through. */
const CALM_SUCCESSES = 5;

/**
 * Decides how much goes to one registry at once. All workers share it: when the registry asks for patience, all of them
 * wait; when it is in trouble, fewer of them go, and more again when it is calm.
 */
export class HostLimiter {
  #clock: Clock;
  #most: number;
  #allowed: number;
  #active = 0;
  #waiting: (() => void)[] = [];
  #quietUntilMs = 0;
  #successes = 0;

  /**
   * Starts with everything allowed.
   *
   * @param concurrency Most blobs at once, at least 1.
   * @param clock Time.
   */
  constructor(concurrency: number, clock: Clock) {
    this.#most = concurrency;
    this.#allowed = concurrency;
    this.#clock = clock;
  }

  /** How many blobs may be on their way at once now. */
  get allowed(): number {
    return this.#allowed;
  }

  /**
   * Waits until a blob may go.
   *
   * @param signal Gives up waiting by rejecting with its reason.
   * @returns The permit; disposing it lets the next one go.
   */
  async acquire(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#active < this.#allowed) this.#active++;
    else await this.#queue(signal, "last");
    let held = true;
    const permit = {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#active--;
        this.#letGo();
      },
    };
    if (!signal.aborted) return permit;
    // Aborted after the permit was handed on and before it arrived.
    permit[Symbol.dispose]();
    throw signal.reason;
  }

  /**
   * Waits while the registry wants to be left alone, and while more blobs are on their way than may be. Called before
   * every request, with a permit in hand.
   *
   * @param signal Gives up waiting by rejecting with its reason.
   */
  async quiet(signal: AbortSignal): Promise<void> {
    for (let leftMs; (leftMs = this.#quietUntilMs - this.#clock.now()) > 0;) {
      await this.#clock.sleep(leftMs, signal);
    }
    if (this.#active <= this.#allowed) return;
    this.#active--;
    try {
      await this.#queue(signal, "first");
    } catch (reason) {
      // The permit is still the caller's to give back.
      this.#active++;
      throw reason;
    }
  }

  /**
   * Notes trouble that more than one worker would feel: 429, 5xx, a lost session.
   *
   * @param delayMs How long everybody should wait.
   */
  trouble(delayMs: number): void {
    this.#quietUntilMs = Math.max(this.#quietUntilMs, this.#clock.now() + delayMs);
    this.#allowed = Math.max(1, Math.floor(this.#allowed / 2));
    this.#successes = 0;
  }

  /** Notes a part or a blob that went through. */
  success(): void {
    this.#successes++;
    if (this.#successes < CALM_SUCCESSES || this.#allowed >= this.#most) return;
    this.#successes = 0;
    this.#allowed++;
    this.#letGo();
  }

  /** What is on its way goes on before anything new begins. */
  #queue(signal: AbortSignal, place: "first" | "last"): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const enter = (): void => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    const leave = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(enter), 1);
      reject(signal.reason);
    };
    if (place === "first") this.#waiting.unshift(enter);
    else this.#waiting.push(enter);
    signal.addEventListener("abort", leave, { once: true });
    return promise;
  }

  #letGo(): void {
    while (this.#active < this.#allowed && this.#waiting.length > 0) {
      this.#active++;
      this.#waiting.shift()!();
    }
  }
}
