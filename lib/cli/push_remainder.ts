import type { CommandContext } from "../commands/command_context.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { formatByteSize } from "../util/byte_size.ts";

/** Counts what a push has got to its registries, for whoever has to run it again. */
export class PushRemainder {
  /** Bytes that are there, by target and digest. */
  #bytes = new Map<string, number>();
  #finished = new Set<string>();
  #plannedBlobs = 0;
  #plannedBytes = 0;

  /**
   * Takes an event in.
   *
   * @param event What happened.
   */
  apply(event: TransferEvent): void {
    switch (event.type) {
      case "plan:ready":
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
    }
  }

  /**
   * Says what is there and how to go on.
   *
   * @returns A sentence, or `undefined` if nothing got there.
   */
  text(): string | undefined {
    const bytes = [...this.#bytes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0);
    if (bytes === 0) return undefined;
    const blobs = `${this.#finished.size} of ${this.#plannedBlobs} blobs are there`;
    const size = `${formatByteSize(bytes)} of ${formatByteSize(this.#plannedBytes)}`;
    return `${blobs} (${size}); run the same command again to continue.`;
  }
}

/**
 * Runs a push, and says what is there and how to go on when it does not come to its end.
 *
 * @typeParam T What it gives.
 * @param context Is told.
 * @param work The push.
 * @returns What the push gave.
 */
export async function tellingRemainder<T>(
  context: CommandContext,
  work: (context: CommandContext) => Promise<T>,
): Promise<T> {
  const remainder = new PushRemainder();
  const onEvent = (event: TransferEvent): void => {
    remainder.apply(event);
    context.onEvent(event);
  };
  try {
    return await work({ ...context, onEvent });
  } catch (error) {
    const message = remainder.text();
    if (message !== undefined) context.onEvent({ type: "notice", message });
    throw error;
  }
}

function keyOf(blob: { target: string; digest: string }): string {
  return `${blob.target} ${blob.digest}`;
}
