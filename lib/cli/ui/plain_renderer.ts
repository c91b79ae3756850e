import type { TransferEvent } from "../../transfer/events.ts";
import { ProgressModel, type ProgressView } from "../../transfer/progress/progress_model.ts";
import { formatByteSize } from "../../util/byte_size.ts";
import type { Clock } from "../../util/clock.ts";
import { printable } from "../../util/printable.ts";
import type { HostOutput } from "../host.ts";
import { formatDone, formatDuration, formatPercent, formatRate, shortDigest } from "./measures.ts";
import { messageText, retryText } from "./message_text.ts";
import type { Renderer } from "./renderer.ts";

/** How often a log says that work goes on. */
const HEARTBEAT_MS = 10_000;

/** Writes a line for every change of state and a heartbeat, for logs. */
export class PlainRenderer implements Renderer {
  #output: HostOutput;
  #clock: Clock;
  #model = new ProgressModel();
  /** Repositories seen; lines name theirs only when there are several. */
  #targets = new Set<string>();
  /** What becomes of blobs. */
  #done: "sent" | "received" | "verified" = "sent";
  /** Present while work goes on. */
  #heartbeat: Disposable | undefined;

  /**
   * Starts with nothing under way.
   *
   * @param output Where to.
   * @param clock Time.
   */
  constructor(output: HostOutput, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  /**
   * Takes an event in.
   *
   * @param event What happened.
   */
  readonly onEvent = (event: TransferEvent): void => {
    this.#model.apply(event, this.#clock.now());
    if (event.type === "blob:start") this.#targets.add(event.target);
    const text = messageText(event) ?? this.#changeText(event);
    if (text !== undefined) this.print(text);
    if (event.type !== "notice" && event.type !== "warning") this.#heartbeat ??= this.#nextHeartbeat();
  };

  /**
   * Shows a line that is no event.
   *
   * @param line Printable text without a line end.
   */
  print(line: string): void {
    this.#output.write(`${line}\n`);
  }

  /**
   * Lines only follow each other, so a question needs no room made.
   *
   * @returns Nothing.
   */
  pause(): undefined {}

  /** Ends the heartbeat. */
  [Symbol.dispose](): void {
    this.#heartbeat?.[Symbol.dispose]();
  }

  #nextHeartbeat(): Disposable {
    return this.#clock.timer(HEARTBEAT_MS, () => {
      const view = this.#model.view(this.#clock.now());
      // Before anything is planned, only waits are told.
      if (view.planned !== 0) this.print(heartbeatText(view));
      this.#heartbeat = this.#nextHeartbeat();
    });
  }

  #changeText(event: TransferEvent): string | undefined {
    switch (event.type) {
      case "plan:ready":
        return `${event.isCopy ? "copying" : "pushing"} ${event.blobs} blobs (${
          formatByteSize(event.sizeBytes)
        })`;
      case "pull:ready":
        this.#done = "received";
        return `pulling ${event.blobs} blobs (${formatByteSize(event.sizeBytes)})`;
      case "verify:ready":
        this.#done = "verified";
        return `verifying ${event.blobs} blobs (${formatByteSize(event.sizeBytes)})`;
      case "blob:exists":
        return `${this.#blobText(event)} already there (${formatByteSize(event.sizeBytes)})`;
      case "blob:mounted":
        return `${this.#blobText(event)} mounted from ${printable(event.from)} (${
          formatByteSize(event.sizeBytes)
        })`;
      case "blob:resumed":
        return event.offsetBytes === 0
          ? `${this.#blobText(event)} begins again`
          : `${this.#blobText(event)} continues at ${formatByteSize(event.offsetBytes)}`;
      case "blob:retry":
        return `${this.#blobText(event)} ${retryText(event)}`;
      case "request:retry":
        return `${printable(event.target)}: ${retryText(event)}`;
      case "blob:done": {
        const how = event.cachedBytes === event.sizeBytes ? "from the cache" : this.#done;
        return `${this.#blobText(event)} ${how} (${formatByteSize(event.sizeBytes)})`;
      }
      case "blob:failed":
        return `${this.#blobText(event)} failed: ${printable(event.reason)}`;
      case "compress:done":
        return `layer ${printable(shortDigest(event.digest))}: compressed to ${
          formatByteSize(event.compressedBytes)
        } (${formatPercent(event.compressedBytes, event.sizeBytes)} of ${formatByteSize(event.sizeBytes)})`;
      case "tag:done":
        return `tagged ${printable(event.reference)} ${event.digest}`;
      case "save:start":
        return `saving ${printable(event.image)} with ${event.runtime} to ${printable(event.path)}`;
      case "save:done":
        return `saved ${printable(event.image)} (${formatByteSize(event.sizeBytes)})`;
      default:
        return undefined;
    }
  }

  #blobText(blob: { digest: string; target: string }): string {
    const place = this.#targets.size > 1 ? ` at ${printable(blob.target)}` : "";
    return `blob ${printable(shortDigest(blob.digest))}${place}:`;
  }
}

function heartbeatText(view: ProgressView): string {
  const { doneBytes, totalBytes, rateBytesPerSecond, remainingMs } = view;
  const parts = [formatDone(doneBytes, totalBytes)];
  if (totalBytes !== undefined) parts.push(formatPercent(doneBytes, totalBytes));
  parts.push(formatRate(rateBytesPerSecond));
  if (remainingMs !== undefined) parts.push(`${formatDuration(remainingMs)} left`);
  const { finished, planned } = view;
  parts.push(planned === undefined ? `${finished} done` : `${finished} of ${planned} done`);
  return `progress: ${parts.join(", ")}`;
}
