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
  /** Images that got to their place, or were found there. */
  images: readonly ReceiptImage[];
  /** Images that did not, or were not. */
  failures: readonly ReceiptFailure[];
  /** What ended the command before its end, if something did. */
  error?: ReceiptError;
  /** Of a verification: whether everything was read and hashed, or registries were believed. */
  isDeep?: boolean;
  /** Bytes of blobs, over all targets. */
  totals: TransferTotals;
}

/** An image that got to its place, or was found there. */
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

/** An image that did not get to its place, or was not found there. */
export interface ReceiptFailure {
  /** `registry/repository:tag`; path of an archive that was verified by itself. */
  reference: string;
  /** Why. */
  error: ReceiptError;
  /** What a verification found wrong with it. */
  faults?: readonly ReceiptFault[];
}

/** What is wrong with a part of an image. */
export interface ReceiptFault {
  /** For people, for example `layer 3 of linux/amd64`. */
  part: string;
  /** For people, for example `missing`. */
  problem: string;
  /** Digest that it should have. */
  expected?: string;
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
  failures: readonly { reference: string; error: unknown; faults?: readonly ReceiptFault[] }[];
  /** Of a verification: whether everything was read and hashed. */
  isDeep?: boolean;
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
      case "verify:ready":
        return this.#plan(event.names);
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
    { images, failures, isDeep }: ReceiptResult,
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
      failures: failures.map(({ reference, error, faults }) => ({
        reference,
        error: receiptError(error),
        ...(faults !== undefined && { faults }),
      })),
      ...(error !== undefined && { error: receiptError(error) }),
      ...(isDeep !== undefined && { isDeep }),
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
