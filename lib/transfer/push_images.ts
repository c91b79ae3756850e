import { isPusherError } from "../errors.ts";
import { RateLimiter } from "../util/rate_limiter.ts";
import type { RetryContext } from "../util/retry.ts";
import type { EventSink } from "./events.ts";
import type { UploadJournal } from "./ports.ts";
import { jobReference, type PushJob, RegistryLane, transferableBlobs } from "./registry_lane.ts";
import type { PushedImage, PushFailure, PushReport } from "./report.ts";
import { SharedReads } from "./shared_reads.ts";
import type { UploadHabits } from "./upload_habits.ts";
import { UploadHost } from "./upload_host.ts";

/** How {@linkcode pushImages} works. */
export interface PushContext extends RetryContext {
  /** Blobs on their way at once, to each registry. */
  concurrency: number;
  /** Size of the parts a large blob is sent in; chosen to suit the link when absent. */
  chunkSizeBytes?: number | undefined;
  /** Most bytes per second over all uploads; unlimited when absent. */
  rateBytesPerSecond?: number | undefined;
  /** Remembers uploads across processes; broken ones start over without. */
  journal?: UploadJournal | undefined;
  /** What earlier runs learned of registries. */
  habits?: ReadonlyMap<string, UploadHabits> | undefined;
  /** Told what this run learns of a registry. */
  onLearned?: ((registry: string, habits: UploadHabits) => void) | undefined;
  /**
   * Send blobs even if the registry says it has them.
   *
   * @default {false}
   */
  isForced?: boolean | undefined;
  /** Told of everything that happens. */
  onEvent: EventSink;
}

/**
 * Pushes images, to each registry one after the other, to several registries at once. A blob that two images share is
 * sent once to each registry, and one that several registries need is read once for all of them; a tag is written when
 * everything behind it is there. A job that fails does not stop the others.
 *
 * @param jobs What goes where.
 * @param context Limits, time and events.
 * @returns What was pushed, and what failed.
 * @throws The signal's reason when aborted.
 */
export async function pushImages(jobs: readonly PushJob[], context: PushContext): Promise<PushReport> {
  const { clock, onEvent } = context;
  const startMs = clock.now();
  onEvent({ type: "plan:ready", targets: jobs.map(jobReference), ...totals(jobs) });
  const reads = startReads(jobs, context);
  const registries = [...new Set(jobs.map(({ target }) => target.registry))];
  const failure = new AbortController();
  const signal = AbortSignal.any([context.signal, failure.signal]);
  const lanes: LaneOutcome[] = [];
  await Promise.allSettled(registries.map(async (registry) => {
    const own = jobs.filter(({ target }) => target.registry === registry);
    try {
      lanes.push(await pushToRegistry(registry, own, { ...context, signal, reads }));
    } catch (error) {
      failure.abort(error);
    }
  }));
  signal.throwIfAborted();
  const results = new Map(lanes.flatMap(({ results }) => [...results]));
  return {
    pushed: jobs.map((job) => results.get(job)!).filter((result) => "digest" in result),
    failures: jobs.map((job) => results.get(job)!).filter((result) => "error" in result),
    sentBytes: lanes.reduce((sum, { lane }) => sum + lane.sentBytes, 0),
    existingBytes: lanes.reduce((sum, { lane }) => sum + lane.existingBytes, 0),
    durationMs: clock.now() - startMs,
  };
}

function startReads(jobs: readonly PushJob[], context: PushContext): SharedReads {
  const { clock, rateBytesPerSecond } = context;
  const limiter = rateBytesPerSecond === undefined ? undefined : new RateLimiter(rateBytesPerSecond, clock);
  const reads = new SharedReads({ clock, limiter });
  for (const { target, source, image } of jobs) {
    reads.expect(target.registry, source, transferableBlobs(image));
  }
  return reads;
}

interface LaneOutcome {
  lane: RegistryLane;
  results: Map<PushJob, PushedImage | PushFailure>;
}

async function pushToRegistry(
  registry: string,
  jobs: readonly PushJob[],
  context: PushContext & { reads: SharedReads },
): Promise<LaneOutcome> {
  const { concurrency, chunkSizeBytes, habits, onLearned, clock, signal, isForced = false } = context;
  const host = new UploadHost({
    registry,
    concurrency,
    chunkSizeBytes,
    clock,
    habits: habits?.get(registry),
    onLearned: (learned) => onLearned?.(registry, learned),
  });
  const lane = new RegistryLane({ ...context, host, isForced });
  const results: LaneOutcome["results"] = new Map();
  for (const job of jobs) {
    try {
      results.set(job, await lane.push(job));
    } catch (error) {
      signal.throwIfAborted();
      if (!isPusherError(error)) throw error;
      results.set(job, { reference: jobReference(job), error });
    }
  }
  context.reads.leave(registry);
  return { lane, results };
}

function totals(jobs: readonly PushJob[]): { blobs: number; sizeBytes: number } {
  const sizes = new Map<string, number>();
  for (const { image, target } of jobs) {
    for (const { digest, size } of transferableBlobs(image)) sizes.set(`${target.name} ${digest}`, size);
  }
  return { blobs: sizes.size, sizeBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}
