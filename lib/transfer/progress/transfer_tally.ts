import type { EventSink, TransferEvent } from "../events.ts";

/** What happened to the bytes of blobs, over all targets. */
export interface TransferTotals {
  /** Bytes of blobs sent, received or read, with those that had to go twice. */
  sentBytes: number;
  /** Bytes of blobs that were there already, or in the cache. */
  existingBytes: number;
  /** Bytes of blobs that registries took over from another of their repositories. */
  mountedBytes: number;
  /** Bytes that earlier runs had left, of blobs that went on from there. */
  resumedBytes: number;
  /** Attempts that failed and were followed by another. */
  retries: number;
}

/** How a blob got to its place. */
interface Place {
  how: "existing" | "mounted" | "sent";
  sizeBytes: number;
}

/**
 * Counts what became of every blob.
 *
 * @example A blob that is there already
 * ```ts
 * import { TransferTally } from "./transfer_tally.ts";
 * import assert from "node:assert/strict";
 *
 * const tally = new TransferTally();
 * tally.apply({ type: "blob:exists", target: "r.example/app", digest: "sha256:…", sizeBytes: 400 });
 * assert.equal(tally.totals().existingBytes, 400);
 * ```
 */
export class TransferTally {
  /** By target and digest: a registry that loses a blob is asked again. */
  #places = new Map<string, Place>();
  #resumedBytes = new Map<string, number>();
  #sentBytes = 0;
  #cachedBytes = 0;
  #retries = 0;

  /**
   * Takes an event in.
   *
   * @param event What happened.
   */
  apply(event: TransferEvent): void {
    switch (event.type) {
      case "blob:bytes":
        this.#sentBytes += Math.max(0, event.deltaBytes);
        return;
      case "blob:retry":
      case "request:retry":
        this.#retries++;
        return;
      case "blob:resumed":
        this.#resumedBytes.set(keyOf(event), event.offsetBytes);
        return;
      case "blob:exists":
        // What this run has sent is no news when it is asked for again.
        if (!this.#places.has(keyOf(event))) this.#place(event, "existing");
        return;
      case "blob:mounted":
        return this.#place(event, "mounted");
      case "blob:done":
        this.#cachedBytes += event.cachedBytes ?? 0;
        return this.#place({ ...event, digest: event.found ?? event.digest }, "sent");
    }
  }

  /**
   * Counts what is on its way to someone else.
   *
   * @param next Receives every event, counted.
   * @returns Where to send events to.
   */
  countingFor(next: EventSink): EventSink {
    return (event) => {
      this.apply(event);
      next(event);
    };
  }

  /**
   * The sums so far.
   *
   * @returns Counts and bytes.
   */
  totals(): TransferTotals {
    return {
      sentBytes: this.#sentBytes - this.#cachedBytes,
      existingBytes: this.#placedBytes("existing") + this.#cachedBytes,
      mountedBytes: this.#placedBytes("mounted"),
      resumedBytes: sum([...this.#resumedBytes.values()]),
      retries: this.#retries,
    };
  }

  #place(blob: { target: string; digest: string; sizeBytes: number }, how: Place["how"]): void {
    this.#places.set(keyOf(blob), { how, sizeBytes: blob.sizeBytes });
  }

  #placedBytes(wanted: Place["how"]): number {
    return sum([...this.#places.values()].flatMap(({ how, sizeBytes }) => how === wanted ? [sizeBytes] : []));
  }
}

function keyOf(blob: { target: string; digest: string }): string {
  return `${blob.target} ${blob.digest}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
