const MIB = 2 ** 20;

/** Parts are multiples of this where nothing else is asked: S3-backed registries store such parts as they are. */
const CHUNK_STEP_BYTES = 10 * MIB;
/** On slow links: the smallest part that S3 takes. */
const SLOW_CHUNK_BYTES = 5 * MIB;
/** Largest part of our own choosing. */
const MAX_CHUNK_BYTES = 100 * MIB;
/** A part lasts at least this many round trips, so that waiting for answers costs little. */
const MIN_ROUND_TRIPS = 20;
/** A part lasts about this long at most, so that a broken one costs little. */
const MAX_CHUNK_MS = 10_000;
/** How much a new measurement counts. */
const NEW_SHARE = 0.3;
/** Below 10 MiB, the sizes that limits are known at: S3's parts, GHCR, nginx as it comes. */
const SMALL_CHUNKS = [SLOW_CHUNK_BYTES, 4 * MIB, 1 * MIB] as const;
/** Parts that went through after which a link that broke is trusted with more at once; twice as many when it broke then. */
const CALM_TRANSFERS = 16;

/**
 * The next smaller size of parts: half as much, in multiples of 10 MiB while that is possible.
 *
 * @param sizeBytes A size that was too large.
 * @returns Bytes, or `undefined` below 1 MiB.
 */
export function smallerChunk(sizeBytes: number): number | undefined {
  const steps = Math.floor(sizeBytes / 2 / CHUNK_STEP_BYTES);
  return steps > 0 ? steps * CHUNK_STEP_BYTES : SMALL_CHUNKS.find((size) => size < sizeBytes);
}

/** Measures a link to a registry, and says how large the parts of an upload should be on it. */
export class LinkGauge {
  #roundTripMs: number | undefined;
  #bytesPerMs: number | undefined;
  /** What the link has carried without breaking. */
  #limitBytes = Infinity;
  #calmTransfers = 0;
  #calmNeeded = CALM_TRANSFERS;
  #isTrustedWithMore = false;

  /** What may be sent at once: less after the link broke inside parts, more again when it is calm. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  /**
   * Notes the duration of a request without a body.
   *
   * @param durationMs From sending to the answer.
   */
  addRoundTrip(durationMs: number): void {
    this.#roundTripMs = Math.min(this.#roundTripMs ?? Infinity, durationMs);
  }

  /**
   * Notes how long a part took.
   *
   * @param sizeBytes Size of the part.
   * @param durationMs From sending to the answer.
   */
  addTransfer(sizeBytes: number, durationMs: number): void {
    const bytesPerMs = sizeBytes / Math.max(durationMs, 1);
    this.#bytesPerMs = this.#bytesPerMs === undefined
      ? bytesPerMs
      : this.#bytesPerMs * (1 - NEW_SHARE) + bytesPerMs * NEW_SHARE;
    if (++this.#calmTransfers < this.#calmNeeded) return;
    this.#calmTransfers = 0;
    this.#limitBytes *= 2;
    this.#isTrustedWithMore = true;
  }

  /**
   * Notes that the link breaks inside parts of this size, without any of them getting through.
   *
   * @param sizeBytes Size of the part.
   * @returns Whether smaller parts are left to try.
   */
  addCut(sizeBytes: number): boolean {
    const limitBytes = smallerChunk(sizeBytes);
    this.#calmTransfers = 0;
    if (limitBytes === undefined || limitBytes >= this.#limitBytes) return false;
    this.#limitBytes = limitBytes;
    if (this.#isTrustedWithMore) this.#calmNeeded *= 2;
    this.#isTrustedWithMore = false;
    return true;
  }

  /**
   * The size that suits the link as it was lately.
   *
   * @returns Bytes: 5 MiB on a slow link, else a multiple of 10 MiB up to 100 MiB.
   */
  chunkBytes(): number {
    if (this.#bytesPerMs === undefined) return CHUNK_STEP_BYTES;
    const most = this.#bytesPerMs * MAX_CHUNK_MS;
    if (most < CHUNK_STEP_BYTES) return SLOW_CHUNK_BYTES;
    const least = this.#bytesPerMs * (this.#roundTripMs ?? 0) * MIN_ROUND_TRIPS;
    const steps = Math.min(Math.ceil(least / CHUNK_STEP_BYTES), Math.floor(most / CHUNK_STEP_BYTES));
    return Math.min(Math.max(steps, 1) * CHUNK_STEP_BYTES, MAX_CHUNK_BYTES);
  }
}
