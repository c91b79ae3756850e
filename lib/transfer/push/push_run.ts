import { isPusherError } from "../../errors.ts";
import { RateLimiter } from "../../util/rate_limiter.ts";
import { SourceFailure } from "../fetch/source_failure.ts";
import { HashEffort } from "../hash/hash_effort.ts";
import type { PushContext } from "./push_images.ts";
import { jobReference, type PushJob, transferableBlobs } from "./push_job.ts";
import { RegistryLane } from "./registry_lane.ts";
import type { PushedImage, PushFailure, PushReport } from "../progress/report.ts";
import { TransferTally } from "../progress/transfer_tally.ts";
import { SharedReads } from "./shared_reads.ts";
import { UploadHost } from "../upload/upload_host.ts";

/** One run of the program as registries see it: what it learns of them and sends to them, from its start to its end. */
export class PushRun implements Disposable {
  /** Decides in which thread is hashed. */
  readonly effort: HashEffort;
  /** Caps the rate of everything that is sent. */
  readonly limiter: RateLimiter | undefined;
  #context: PushContext;
  #lanes = new Map<string, RegistryLane>();
  #reads: SharedReads;
  #tally = new TransferTally();
  /** Ends everything at a failure that is no registry's. */
  #failure = new AbortController();
  #startMs: number;

  /**
   * Starts to count the time.
   *
   * @param context Limits, time and events.
   */
  constructor(context: PushContext) {
    const { clock, rateBytesPerSecond, hashThreads = 0, signal } = context;
    this.#context = {
      ...context,
      signal: AbortSignal.any([signal, this.#failure.signal]),
      onEvent: this.#tally.countingFor(context.onEvent),
    };
    this.limiter = rateBytesPerSecond === undefined ? undefined : new RateLimiter(rateBytesPerSecond, clock);
    this.effort = new HashEffort({ clock, maxThreads: hashThreads });
    this.#reads = new SharedReads({ clock, effort: this.effort, limiter: this.limiter });
    this.#startMs = clock.now();
  }

  /** Ends what the run has started beside itself. */
  [Symbol.dispose](): void {
    this.effort[Symbol.dispose]();
  }

  /** Aborted when the run is stopped, or ends at a failure that is no registry's. */
  get signal(): AbortSignal {
    return this.#context.signal;
  }

  /**
   * The way to a registry, the same one throughout the run.
   *
   * @param registry Host, with port if any.
   * @returns Its lane.
   */
  laneTo(registry: string): RegistryLane {
    const lane = this.#lanes.get(registry) ?? this.#openLane(registry);
    this.#lanes.set(registry, lane);
    return lane;
  }

  /**
   * Pushes images, to each registry one after the other, to several registries at once.
   *
   * @param jobs What goes where.
   * @returns What was pushed and what failed, with all that the run sent.
   * @throws The signal's reason when aborted.
   */
  async push(jobs: readonly PushJob[]): Promise<PushReport> {
    const { clock, onEvent } = this.#context;
    onEvent({ type: "plan:ready", targets: jobs.map(jobReference), ...totals(jobs) });
    for (const { target, source, image } of jobs) {
      this.#reads.expect(target.registry, source, transferableBlobs(image));
    }
    const registries = [...new Set(jobs.map(({ target }) => target.registry))];
    const results = new Map<PushJob, PushedImage | PushFailure>();
    await Promise.allSettled(registries.map(async (registry) => {
      const own = jobs.filter(({ target }) => target.registry === registry);
      try {
        await this.#pushTo(registry, own, results);
      } catch (error) {
        this.#failure.abort(error);
      }
    }));
    this.signal.throwIfAborted();
    return {
      pushed: jobs.map((job) => results.get(job)!).filter((result) => "digest" in result),
      failures: jobs.map((job) => results.get(job)!).filter((result) => "error" in result),
      ...this.#tally.totals(),
      durationMs: clock.now() - this.#startMs,
    };
  }

  async #pushTo(
    registry: string,
    jobs: readonly PushJob[],
    results: Map<PushJob, PushedImage | PushFailure>,
  ): Promise<void> {
    const lane = this.laneTo(registry);
    for (const job of jobs) {
      try {
        results.set(job, await lane.push(job));
      } catch (reason) {
        this.signal.throwIfAborted();
        const error = reason instanceof SourceFailure ? reason.cause : reason;
        if (!isPusherError(error)) throw error;
        results.set(job, { reference: jobReference(job), error });
      }
    }
    this.#reads.leave(registry);
  }

  #openLane(registry: string): RegistryLane {
    const { concurrency, chunkSizeBytes, hosts, habits, onLearned, clock, isForced = false } = this.#context;
    const own = hosts?.get(registry);
    const host = new UploadHost({
      registry,
      concurrency: own?.concurrency ?? concurrency,
      chunkSizeBytes: own?.chunkSizeBytes ?? chunkSizeBytes,
      strategy: own?.strategy,
      clock,
      habits: habits?.get(registry),
      onLearned: (learned) => onLearned?.(registry, learned),
    });
    return new RegistryLane({ ...this.#context, reads: this.#reads, host, isForced });
  }
}

function totals(jobs: readonly PushJob[]): { blobs: number; sizeBytes: number } {
  const sizes = new Map<string, number>();
  for (const { image, target } of jobs) {
    for (const { digest, size } of transferableBlobs(image)) sizes.set(`${target.name} ${digest}`, size);
  }
  return { blobs: sizes.size, sizeBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}
