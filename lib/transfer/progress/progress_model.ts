import type { TransferEvent } from "../events.ts";
import { RateWindow } from "./rate_window.ts";

/** Progress at one moment, as plain data for renderers. */
export interface ProgressView {
  /** Blobs, saves and layers being compressed, in the order they began. */
  active: readonly ActiveTransfer[];
  /** Blobs or saved images that are complete. */
  finished: number;
  /** Those of `finished` that were there already. */
  existing: number;
  /** Those of `finished` that the registry took over from another repository. */
  mounted: number;
  /** Blobs that went on where an earlier run had left them. */
  resumed: number;
  /** Attempts that failed and were followed by another. */
  retries: number;
  /** Blobs or images altogether, as far as announced; `undefined` while something passes whose end is not known. */
  planned: number | undefined;
  /** Tags written. */
  tagged: number;
  /** Tags to write. */
  targets: number;
  /** Bytes in place, sent or found there; never falls from one view to the next. */
  doneBytes: number;
  /** Bytes altogether; `undefined` while unknown. */
  totalBytes: number | undefined;
  /** Bytes per second over the last seconds. */
  rateBytesPerSecond: number;
  /** Milliseconds until the end at this rate; `undefined` when that cannot be said. */
  remainingMs: number | undefined;
}

/** One blob or image on its way. */
export interface ActiveTransfer {
  /** Digest of the blob, or name of the image being saved. */
  name: string;
  /** Repository a blob goes to or comes from, or the file an image is saved in; nothing of a layer being compressed. */
  target: string;
  /** Whether the registry is asked first, bytes move, or a pause comes before the next attempt. */
  state: "checking" | "sending" | "retrying" | "compressing";
  /** Bytes moved; holds while a failed attempt's bytes are sent again. */
  doneBytes: number;
  /** Bytes altogether; `undefined` when unknown. */
  sizeBytes: number | undefined;
  /** Bytes per second over the last seconds. */
  rateBytesPerSecond: number;
  /** Milliseconds until its end, or until the next attempt while `retrying`. */
  remainingMs: number | undefined;
  /** Which attempt this is, from 1. */
  attempt: number;
}

/** What the model keeps of something under way. */
interface Item {
  readonly name: string;
  readonly target: string;
  readonly rate: RateWindow;
  state: ActiveTransfer["state"];
  sizeBytes: number | undefined;
  sentBytes: number;
  shownBytes: number;
  attempt: number;
  retryAtMs: number;
}

/** What an event says of something that begins. */
type StartedItem = Pick<Item, "name" | "target" | "state"> & { sizeBytes?: number };

/**
 * Turns events into progress. What is finished is kept as counts only, so memory does not grow with the
 * number of blobs; time comes from the caller.
 *
 * @example A quarter of an image
 * ```ts
 * import { ProgressModel } from "./progress_model.ts";
 * import assert from "node:assert/strict";
 *
 * const model = new ProgressModel();
 * const image = "app:1";
 * model.apply({ type: "save:ready", images: [image], sizeBytes: 400 }, 0);
 * model.apply({ type: "save:start", image, path: "app_1.tar", runtime: "docker", sizeBytes: 400 }, 0);
 * model.apply({ type: "save:bytes", image, deltaBytes: 100 }, 0);
 * assert.equal(model.view(2_000).doneBytes, 100);
 * assert.equal(model.view(2_000).remainingMs, 6_000);
 * ```
 */
export class ProgressModel {
  /** Under way, by target and digest or by image. */
  #active = new Map<string, Item>();
  #finished = 0;
  #finishedBytes = 0;
  #existing = 0;
  #mounted = 0;
  #resumed = 0;
  #retries = 0;
  #plannedBlobs = 0;
  /** `undefined` once something was announced whose size nobody knows. */
  #plannedBytes: number | undefined = 0;
  /** Whether more may come than was announced. */
  #isOpenEnded = false;
  #tagged = 0;
  #targets = 0;
  /** Most bytes ever shown as done. */
  #shownBytes = 0;
  #rate = new RateWindow();

  /**
   * Takes an event in.
   *
   * @param event What happened.
   * @param nowMs When, in milliseconds.
   */
  apply(event: TransferEvent, nowMs: number): void {
    switch (event.type) {
      case "pass:start":
        this.#isOpenEnded = true;
        return;
      case "plan:ready":
        this.#isOpenEnded = false;
        this.#plan(event.blobs, event.sizeBytes);
        this.#targets += event.targets.length;
        return;
      case "verify:ready":
        this.#isOpenEnded = false;
        return this.#plan(event.blobs, event.sizeBytes);
      case "pull:ready":
        return this.#plan(event.blobs, event.sizeBytes);
      case "save:ready":
        return this.#plan(event.images.length, event.sizeBytes);
      case "blob:start":
        this.#start(blobKey(event), { ...event, name: event.digest, state: "checking" });
        return;
      case "blob:bytes":
        this.#move(blobKey(event), event.deltaBytes, nowMs);
        return;
      case "request:retry":
        this.#retries++;
        return;
      case "blob:retry": {
        this.#retries++;
        const item = this.#active.get(blobKey(event));
        if (!item) return;
        item.state = "retrying";
        item.attempt = event.attempt;
        item.retryAtMs = nowMs + event.delayMs;
        return;
      }
      case "blob:resumed":
        this.#resume(blobKey(event), event.offsetBytes);
        return;
      case "blob:exists":
        this.#existing++;
        this.#finish(blobKey(event), event.sizeBytes);
        return;
      case "blob:mounted":
        this.#mounted++;
        this.#finish(blobKey(event), event.sizeBytes);
        return;
      case "blob:done":
        this.#finish(blobKey(event), event.sizeBytes);
        return;
      case "blob:failed":
        this.#active.delete(blobKey(event));
        return;
      case "compress:start":
        // What layers become is not known before the plan.
        this.#isOpenEnded ||= this.#plannedBlobs === 0;
        this.#start(event.digest, { ...event, name: event.digest, target: "", state: "compressing" });
        return;
      case "compress:bytes":
        this.#compress(event.digest, event.deltaBytes, nowMs);
        return;
      case "compress:done":
      case "compress:failed":
        this.#active.delete(event.digest);
        return;
      case "tag:done":
        this.#tagged++;
        return;
      case "save:start":
        this.#start(event.image, { ...event, name: event.image, target: event.path, state: "sending" });
        return;
      case "save:bytes":
        this.#move(event.image, event.deltaBytes, nowMs);
        return;
      case "save:done":
        this.#finish(event.image, event.sizeBytes);
        return;
    }
  }

  /**
   * Progress at a moment.
   *
   * @param nowMs When, in milliseconds; not before the last event.
   * @returns A snapshot.
   */
  view(nowMs: number): ProgressView {
    const active = [...this.#active.values()];
    // What is compressed does not count as sent: that is told of the blob it becomes.
    const items = active.filter(({ state }) => state !== "compressing");
    const sentBytes = this.#finishedBytes + sum(items.map((item) => item.sentBytes));
    const totalBytes = this.#totalBytes(items);
    const rateBytesPerSecond = this.#rate.bytesPerSecond(nowMs);
    this.#shownBytes = Math.max(this.#shownBytes, sentBytes);
    return {
      active: active.map((item) => activeTransfer(item, nowMs)),
      finished: this.#finished,
      existing: this.#existing,
      mounted: this.#mounted,
      resumed: this.#resumed,
      retries: this.#retries,
      planned: this.#isOpenEnded ? undefined : Math.max(this.#plannedBlobs, this.#finished + items.length),
      tagged: this.#tagged,
      targets: this.#targets,
      doneBytes: this.#shownBytes,
      totalBytes,
      rateBytesPerSecond,
      remainingMs: remainingMs(sentBytes, totalBytes, rateBytesPerSecond),
    };
  }

  #plan(blobs: number, sizeBytes: number | undefined): void {
    const knownBytes = this.#plannedBytes;
    this.#plannedBlobs += blobs;
    this.#plannedBytes = knownBytes === undefined || sizeBytes === undefined
      ? undefined
      : knownBytes + sizeBytes;
  }

  #start(key: string, item: StartedItem): void {
    const { name, target, state, sizeBytes } = item;
    const rate = new RateWindow();
    this.#active.set(key, {
      name,
      target,
      state,
      sizeBytes,
      rate,
      sentBytes: 0,
      shownBytes: 0,
      attempt: 1,
      retryAtMs: 0,
    });
  }

  #move(key: string, deltaBytes: number, nowMs: number): void {
    const item = this.#active.get(key);
    if (!item) return;
    item.sentBytes += deltaBytes;
    if (deltaBytes <= 0) return;
    item.state = "sending";
    item.shownBytes = Math.max(item.shownBytes, item.sentBytes);
    item.rate.add(deltaBytes, nowMs);
    this.#rate.add(deltaBytes, nowMs);
  }

  #compress(key: string, deltaBytes: number, nowMs: number): void {
    const item = this.#active.get(key);
    if (!item) return;
    item.sentBytes += deltaBytes;
    item.shownBytes = item.sentBytes;
    item.rate.add(deltaBytes, nowMs);
  }

  /** What an earlier process sent is in place, but says nothing about the rate. */
  #resume(key: string, offsetBytes: number): void {
    const item = this.#active.get(key);
    if (!item) return;
    item.state = "sending";
    this.#resumed++;
    item.sentBytes = offsetBytes;
    item.shownBytes = Math.max(item.shownBytes, offsetBytes);
  }

  #finish(key: string, sizeBytes: number): void {
    this.#active.delete(key);
    this.#finished++;
    this.#finishedBytes += sizeBytes;
  }

  #totalBytes(items: readonly Item[]): number | undefined {
    if (this.#isOpenEnded || this.#plannedBytes === undefined) return undefined;
    const sizes = items.map(knownSize);
    if (!sizes.every((size) => size !== undefined)) return undefined;
    return Math.max(this.#plannedBytes, this.#finishedBytes + sum(sizes));
  }
}

function activeTransfer(item: Item, nowMs: number): ActiveTransfer {
  const rateBytesPerSecond = item.rate.bytesPerSecond(nowMs);
  const sizeBytes = knownSize(item);
  return {
    name: item.name,
    target: item.target,
    state: item.state,
    doneBytes: item.shownBytes,
    sizeBytes,
    rateBytesPerSecond,
    remainingMs: item.state === "retrying"
      ? Math.max(0, item.retryAtMs - nowMs)
      : remainingMs(item.sentBytes, sizeBytes, rateBytesPerSecond),
    attempt: item.attempt,
  };
}

/** A runtime's word on the size of an image is a hint: once more bytes came, the size is not known. */
function knownSize(item: Item): number | undefined {
  return item.sizeBytes !== undefined && item.shownBytes > item.sizeBytes ? undefined : item.sizeBytes;
}

function remainingMs(sentBytes: number, sizeBytes: number | undefined, rate: number): number | undefined {
  return sizeBytes === undefined || rate === 0
    ? undefined
    : Math.max(0, sizeBytes - sentBytes) / rate * 1_000;
}

function blobKey(blob: { target: string; digest: string }): string {
  return `${blob.target} ${blob.digest}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
