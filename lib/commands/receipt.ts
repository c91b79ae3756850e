import { isPusherError } from "../errors.ts";
import type { ArchiveIdentity, TransferEvent } from "../transfer/events.ts";
import { TransferTally, type TransferTotals } from "../transfer/progress/transfer_tally.ts";
import { VERSION } from "../version.ts";

/** What a command did, for an audit: written whether it came to its end or not. */
export interface Receipt {
  /** Of this form: fields may be added, none changes its meaning. */
  schemaVersion: 1;
  /** Name and version of the program. */
  tool: string;
  /** What was run, for example `push`. */
  command: string;
  /** `complete`, `partial` if some images got through, `failed` if none did, `canceled` if the user stopped it. */
  outcome: "complete" | "partial" | "failed" | "canceled";
  /** Start of the command, in UTC, as ISO 8601. */
  startedAt: string;
  /** Its end. */
  endedAt: string;
  /** Archives that were read. */
  archives: readonly ArchiveIdentity[];
  /** Images that got to their place. */
  images: readonly ReceiptImage[];
  /** Images that did not. */
  failures: readonly ReceiptFailure[];
  /** What ended the command before its end, if something did. */
  error?: ReceiptError;
  /** Bytes of blobs, over all targets. */
  totals: TransferTotals;
}

/** An image that got to its place. */
export interface ReceiptImage {
  /** `registry/repository:tag`. */
  reference: string;
  /** Digest of its manifest or index. */
  digest: string;
  /** Media type of that; unknown of a command that was ended early. */
  mediaType?: string;
  /** Digest of the image in its archive, where something else was made of it. */
  archiveDigest?: string;
  /** What was copied: `registry/repository:tag`; only of a copy that came to its end. */
  source?: string;
}

/** An image that did not get to its place. */
export interface ReceiptFailure {
  /** `registry/repository:tag`. */
  reference: string;
  /** Why. */
  error: ReceiptError;
}

/** Why something failed. */
export interface ReceiptError {
  /** As in errors with `--json`. */
  code: string;
  /** For people. */
  message: string;
}

/** What became of the images of a command. */
export interface ReceiptResult {
  /** Those that got to their place. */
  images: readonly ReceiptImage[];
  /** Those that did not. */
  failures: readonly { reference: string; error: unknown }[];
}

/** Takes down what happens during a command. */
export class ReceiptBook {
  #command: string;
  #startMs: number;
  #archives: ArchiveIdentity[] = [];
  /** What was planned, in its order. */
  #references = new Set<string>();
  #tagged: ReceiptImage[] = [];
  #tally = new TransferTally();

  /**
   * Begins.
   *
   * @param command Name of the command.
   * @param nowMs Milliseconds since 1970.
   */
  constructor(command: string, nowMs: number) {
    this.#command = command;
    this.#startMs = nowMs;
  }

  /**
   * Takes an event in.
   *
   * @param event What happened.
   */
  apply(event: TransferEvent): void {
    this.#tally.apply(event);
    switch (event.type) {
      case "archive:ready": {
        const { type: _, ...archive } = event;
        this.#archives.push(archive);
        return;
      }
      case "plan:ready":
        return this.#plan(event.targets);
      case "pull:ready":
        return this.#plan(event.references);
      case "tag:done":
        this.#tagged.push({ reference: event.reference, digest: event.digest });
        return;
    }
  }

  /**
   * The receipt of a command that came to its end.
   *
   * @param result What became of the images.
   * @param nowMs Milliseconds since 1970.
   * @returns The receipt.
   */
  close(result: ReceiptResult, nowMs: number): Receipt {
    const { images, failures } = result;
    const outcome = failures.length === 0 ? "complete" : images.length === 0 ? "failed" : "partial";
    return this.#receipt(result, { outcome, nowMs });
  }

  /**
   * The receipt of a command that something ended: what was planned and has no tag did not get to its place.
   *
   * @param error What ended it.
   * @param nowMs Milliseconds since 1970.
   * @returns The receipt.
   */
  abandon(error: unknown, nowMs: number): Receipt {
    const images = this.#tagged;
    const failures = [...this.#references]
      .filter((reference) => !images.some((image) => image.reference === reference))
      .map((reference) => ({ reference, error }));
    const isCanceled = isPusherError(error, "CANCELED");
    const outcome = isCanceled ? "canceled" : images.length === 0 ? "failed" : "partial";
    return this.#receipt({ images, failures }, { outcome, nowMs, error });
  }

  #plan(references: readonly string[]): void {
    for (const reference of references) this.#references.add(reference);
  }

  #receipt(
    { images, failures }: ReceiptResult,
    { outcome, nowMs, error }: { outcome: Receipt["outcome"]; nowMs: number; error?: unknown },
  ): Receipt {
    return {
      schemaVersion: 1,
      tool: `docker-image-pusher ${VERSION}`,
      command: this.#command,
      outcome,
      startedAt: new Date(this.#startMs).toISOString(),
      endedAt: new Date(nowMs).toISOString(),
      archives: this.#archives,
      images,
      failures: failures.map(({ reference, error }) => ({ reference, error: receiptError(error) })),
      ...(error !== undefined && { error: receiptError(error) }),
      totals: this.#tally.totals(),
    };
  }
}

function receiptError(error: unknown): ReceiptError {
  return {
    code: isPusherError(error) ? error.code : "INTERNAL",
    message: error instanceof Error ? error.message : String(error),
  };
}
