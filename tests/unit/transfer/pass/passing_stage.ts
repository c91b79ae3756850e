import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { claimPassing } from "../../../../lib/transfer/pass/passing_content.ts";
import { type FoundBlob, PassingWindow } from "../../../../lib/transfer/pass/passing_window.ts";
import { uploadBlob, type UploadContext } from "../../../../lib/transfer/upload/upload_blob.ts";
import type { OutgoingBlob } from "../../../../lib/transfer/upload/upload_content.ts";
import { UploadHost } from "../../../../lib/transfer/upload/upload_host.ts";
import { BufferPool } from "../../../../lib/util/buffer_pool.ts";
import { createSha256 } from "../../../../lib/util/sha256.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import type { MemoryTarget } from "../memory_target.ts";

/** What passes, and how. */
export interface Passage {
  /** Everything that passes. */
  bytes: Uint8Array;
  /** What is known of it beforehand; its size when absent. */
  blob?: Partial<OutgoingBlob>;
  /** Where it goes. */
  targets: readonly MemoryTarget[];
  /** How long parts are; 10 bytes when absent. */
  partBytes?: number;
  /** Size of the buffers; 4 bytes when absent. */
  bufferBytes?: number;
  /** How much one read gives; as much as fits when absent. */
  readBytes?: number;
  /** Called before each read, with how much was read before; may throw. */
  onRead?: (readBytes: number) => void;
  /** On top of what an upload needs. */
  context?: Partial<UploadContext>;
  /** Name of the registry, for what is known of it beforehand; the target's own when absent. */
  registry?: string;
}

/** What came of it. */
export interface PassageResult {
  /** What was found, or why nothing was. */
  found: PromiseSettledResult<FoundBlob>;
  /** What became of each upload. */
  uploads: readonly PromiseSettledResult<"sent" | "mounted">[];
  events: TransferEvent[];
  clock: FakeClock;
  /** The most bytes that were read ahead of the slowest target's confirmed bytes. */
  mostAheadBytes: number;
}

/**
 * Lets bytes pass to targets, each with an upload of its own.
 *
 * @param passage What passes.
 * @returns What came of it; it never throws.
 */
export async function letPass(passage: Passage): Promise<PassageResult> {
  const { bytes, blob = { size: bytes.length }, targets, partBytes = 10, bufferBytes = 4 } = passage;
  const outgoing = { mediaType: "application/octet-stream", name: "layer", ...blob };
  const buffers = new BufferPool(bufferBytes);
  const window = new PassingWindow({ blob: outgoing, hash: await createSha256(), buffers, partBytes });
  const clock = new FakeClock({ autoAdvance: true });
  const events: TransferEvent[] = [];
  const { signal = new AbortController().signal } = passage.context ?? {};
  let readBytes = 0;
  let mostAheadBytes = 0;
  const claims = targets.map(() => claimPassing(window));
  const found = window.run((into) => {
    passage.onRead?.(readBytes);
    const confirmed = targets.map(({ uploads }) => uploads.at(-1)?.offsetBytes ?? 0);
    mostAheadBytes = Math.max(mostAheadBytes, readBytes - Math.min(...confirmed));
    const end = Math.min(into.length, passage.readBytes ?? Infinity);
    const next = bytes.subarray(readBytes, readBytes + end);
    into.set(next);
    readBytes += next.length;
    return Promise.resolve(next.length);
  }, signal);
  const uploads = await Promise.allSettled(targets.map(async (target, at) => {
    using claim = claims[at]!;
    const { registry = target.registry } = passage;
    return await uploadBlob(outgoing, {
      claim,
      source: "pipe",
      target,
      host: new UploadHost({ registry, concurrency: 1, chunkSizeBytes: 1_000, clock }),
      clock,
      policy: { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 30_000, maxServerDelayMs: 300_000 },
      random: () => 0.5,
      signal,
      onEvent: (event) => events.push(event),
      ...passage.context,
    });
  }));
  const [result] = await Promise.allSettled([found]);
  return { found: result!, uploads, events, clock, mostAheadBytes };
}
