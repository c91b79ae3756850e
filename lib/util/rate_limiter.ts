import { BUFFER_BYTES } from "./buffer_ring.ts";
import type { Clock } from "./clock.ts";

/** What may be made up for when nobody asked in time. */
const MAX_BACKLOG_MS = 250;
/** Pieces in which bytes should come, so that they flow evenly. */
const PIECES_PER_SECOND = 10;
/** Smallest piece worth a system call. */
const MIN_PIECE_BYTES = 4 * 2 ** 10;

/**
 * Caps bytes per second over everything that asks it: a bucket of tokens that fills steadily. Who asks gets the next
 * free moment, so several that ask in turn share the rate fairly.
 */
export class RateLimiter {
  #bytesPerMs: number;
  #clock: Clock;
  /** When the next byte may go. */
  #freeAtMs: number;

  /**
   * Starts with nothing owed.
   *
   * @param bytesPerSecond The cap, above 0.
   * @param clock Time.
   */
  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerMs = bytesPerSecond / 1_000;
    this.#clock = clock;
    this.#freeAtMs = clock.now();
  }

  /** A piece, in bytes, that keeps the flow even at this rate. */
  get pieceBytes(): number {
    const pieceBytes = Math.floor(this.#bytesPerMs * 1_000 / PIECES_PER_SECOND);
    return Math.min(Math.max(pieceBytes, MIN_PIECE_BYTES), BUFFER_BYTES);
  }

  /**
   * Waits until so many bytes may go.
   *
   * @param sizeBytes How many.
   * @param signal Gives up waiting by rejecting with its reason; the others then wait less.
   */
  async take(sizeBytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const nowMs = this.#clock.now();
    const turnMs = Math.max(this.#freeAtMs, nowMs - MAX_BACKLOG_MS);
    const durationMs = sizeBytes / this.#bytesPerMs;
    this.#freeAtMs = turnMs + durationMs;
    if (turnMs <= nowMs) return;
    try {
      await this.#clock.sleep(turnMs - nowMs, signal);
    } catch (error) {
      this.#freeAtMs -= durationMs;
      throw error;
    }
  }
}
