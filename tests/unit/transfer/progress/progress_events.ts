import type { Digest } from "../../../../lib/spec/digest.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { ProgressModel, type ProgressView } from "../../../../lib/transfer/progress/progress_model.ts";

export const TARGET = "registry.example.com/app";

/** A digest that is easy to tell from others. */
export function digest(char: string): Digest {
  return `sha256:${char.repeat(64)}` as Digest;
}

/** The events of one blob. */
export function blob(char: string, sizeBytes: number, target: string = TARGET): {
  start: TransferEvent;
  exists: TransferEvent;
  done: TransferEvent;
  bytes(deltaBytes: number): TransferEvent;
  retry(attempt: number, delayMs: number): TransferEvent;
} {
  const key = { target, digest: digest(char) };
  return {
    start: { type: "blob:start", ...key, sizeBytes, mediaType: "application/octet-stream" },
    exists: { type: "blob:exists", ...key, sizeBytes },
    done: { type: "blob:done", ...key, sizeBytes },
    bytes: (deltaBytes) => ({ type: "blob:bytes", ...key, deltaBytes }),
    retry: (attempt, delayMs) => ({
      type: "blob:retry",
      ...key,
      attempt,
      delayMs,
      reason: "the registry answered 503",
    }),
  };
}

/** Where a list of events, each with its time, has led to. */
export function viewAfter(
  timeline: readonly (readonly [number, TransferEvent])[],
  nowMs: number,
): ProgressView {
  const model = new ProgressModel();
  for (const [atMs, event] of timeline) model.apply(event, atMs);
  return model.view(nowMs);
}
