import type { CommandContext } from "../commands/command_context.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { formatByteSize } from "../util/byte_size.ts";
import type { Outcome } from "./command_runner.ts";

/** Other blobs are known by the names of their entries. */
const DIGEST_REGEXP = /^sha\d+:/;

/** Counts what a push has got to its registries, for whoever has to run it again. */
export class PushRemainder {
  /** Bytes that are there, by target and digest. */
  #bytes = new Map<string, number>();
  #finished = new Set<string>();
  /** Layers that are sent compressed: a part of one serves no later run. */
  #compressing = new Set<string>();
  /** References that are not written yet. */
  #tagless = new Set<string>();
  #plannedBlobs = 0;
  #plannedBytes = 0;
  /** Whether there is more than was announced. */
  #isOpenEnded = false;

  /**
   * Takes an event in.
   *
   * @param event What happened.
   */
  apply(event: TransferEvent): void {
    // What passes under a name that tells no digest is sent again by the next run.
    if ("deltaBytes" in event && "digest" in event && this.#isSentAgain(event.digest)) return;
    if (event.type === "blob:done" && event.found !== undefined) return this.#finish(event, event.found);
    switch (event.type) {
      case "compress:start":
        this.#compressing.add(event.digest);
        return;
      case "pass:start":
        this.#isOpenEnded = true;
        return;
      case "plan:ready":
        this.#isOpenEnded = false;
        for (const reference of event.targets) this.#tagless.add(reference);
        this.#plannedBlobs += event.blobs;
        this.#plannedBytes += event.sizeBytes;
        return;
      case "blob:resumed":
        this.#bytes.set(keyOf(event), event.offsetBytes);
        return;
      case "blob:bytes":
        this.#bytes.set(keyOf(event), (this.#bytes.get(keyOf(event)) ?? 0) + event.deltaBytes);
        return;
      case "blob:exists":
      case "blob:mounted":
      case "blob:done":
        this.#bytes.set(keyOf(event), event.sizeBytes);
        this.#finished.add(keyOf(event));
        return;
      case "manifest:done":
        this.#tagless.delete(`${event.target}@${event.digest}`);
        return;
      case "tag:done":
        this.#tagless.delete(event.reference);
        return;
    }
  }

  /** A compressed layer is known again by the plain one; what has only a name is not. */
  #finish(
    { target, digest, sizeBytes }: { target: string; digest: string; sizeBytes: number },
    found: string,
  ): void {
    if (!DIGEST_REGEXP.test(digest)) return;
    const key = keyOf({ target, digest: found });
    this.#bytes.set(key, sizeBytes);
    this.#finished.add(key);
  }

  #isSentAgain(digest: string): boolean {
    return !DIGEST_REGEXP.test(digest) || this.#compressing.has(digest);
  }

  /**
   * Says what is left, if something got there that need not be sent again.
   *
   * @returns A sentence without its end, or `undefined` if nothing got there, or everything.
   */
  text(): string | undefined {
    const bytes = [...this.#bytes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0);
    if (bytes === 0) return undefined;
    if (this.#isOpenEnded) return `${formatByteSize(bytes)} are there, of what has passed so far`;
    if (this.#tagless.size === 0) return undefined;
    const leftBlobs = this.#plannedBlobs - this.#finished.size;
    if (leftBlobs === 0) return "All blobs are there, but not every tag";
    const leftBytes = formatByteSize(this.#plannedBytes - bytes);
    return `${leftBytes} of ${
      formatByteSize(this.#plannedBytes)
    } are left, in ${leftBlobs} of ${this.#plannedBlobs} blobs`;
  }
}

/** A push whose remainder is told. */
export interface RepeatablePush {
  /** The push. */
  work: (context: CommandContext) => Promise<Outcome>;
  /** Goes on with it, as typed into a shell. */
  command: string;
}

/**
 * Runs a push. When it does not come to its end, or not with every image, it says what is left and which command goes
 * on.
 *
 * @param context Is told.
 * @param push The push.
 * @returns What the push gave.
 */
export async function tellingRemainder(
  context: CommandContext,
  { work, command }: RepeatablePush,
): Promise<Outcome> {
  const remainder = new PushRemainder();
  const onEvent = (event: TransferEvent): void => {
    remainder.apply(event);
    context.onEvent(event);
  };
  const tell = (left: string): void => {
    context.onEvent({ type: "notice", message: `${left}. To continue, run:` });
    context.onEvent({ type: "notice", message: command });
  };
  try {
    const outcome = await work({ ...context, onEvent });
    if (outcome.error) tell(remainder.text() ?? "Not every image got through");
    return outcome;
  } catch (error) {
    const left = remainder.text();
    if (left !== undefined) tell(left);
    throw error;
  }
}

function keyOf(blob: { target: string; digest: string }): string {
  return `${blob.target} ${blob.digest}`;
}
