import { isPusherError } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import { HostLimiter } from "./host_limiter.ts";
import { LinkGauge } from "./link_gauge.ts";
import type { UploadSession } from "../ports.ts";
import { habitsOf, type UploadHabits, withHabits } from "./upload_habits.ts";
import {
  adaptPolicy,
  chunkInstead,
  type FailedTransfer,
  knownPolicy,
  type UploadPolicy,
  type UploadStrategy,
} from "./upload_policy.ts";

/** What an {@linkcode UploadHost} begins with. */
export interface UploadHostOptions {
  /** Host, with port if any. */
  registry: string;
  /** Most blobs at once. */
  concurrency: number;
  /** Size of parts, if the user named one. */
  chunkSizeBytes?: number | undefined;
  /** How large blobs are sent, if the user said it; until the registry refuses it. */
  strategy?: UploadStrategy | undefined;
  /** What an earlier run learned. */
  habits?: UploadHabits | undefined;
  /** Told what this run learns. */
  onLearned?: ((habits: UploadHabits) => void) | undefined;
  /** Time. */
  clock: Clock;
}

/** One registry as uploads see it: its limits, its habits and the link to it, shared by all blobs that go there. */
export class UploadHost {
  /** How much goes at once. */
  readonly limiter: HostLimiter;
  /** How fast it goes. */
  readonly gauge: LinkGauge = new LinkGauge();
  #options: UploadHostOptions;
  #policy: UploadPolicy;

  /** @param options What is known. */
  constructor(options: UploadHostOptions) {
    const { registry, habits, concurrency, clock, strategy } = options;
    const known = knownPolicy(registry);
    const learned = habits ? withHabits(known, habits) : known;
    this.#options = options;
    this.#policy = strategy
      ? { ...learned, strategy, refused: learned.refused.filter((each) => each !== strategy) }
      : learned;
    this.limiter = new HostLimiter(concurrency, clock);
  }

  /** What is believed of it now. */
  get policy(): UploadPolicy {
    return this.#policy;
  }

  /**
   * How a blob goes out.
   *
   * @param sizeBytes Size of the blob.
   * @param session Its session, which may name limits.
   * @param mostBytes Largest part that can be sent again.
   * @returns `single` for what fits into one part, else what the registry takes.
   */
  strategyFor(sizeBytes: number, session: UploadSession, mostBytes: number = Infinity): UploadStrategy {
    const { strategy, refused, maxBodyBytes } = this.#policy;
    if (session.offsetBytes > 0) return "chunked";
    const fits = sizeBytes <= Math.min(this.partBytes(session, mostBytes), maxBodyBytes);
    if (fits && !refused.includes("single")) return "single";
    return sizeBytes > maxBodyBytes ? "chunked" : strategy;
  }

  /**
   * How large the next part should be.
   *
   * @param session Its session, which may name limits.
   * @param mostBytes Largest part that can be sent again; the registry's smallest goes before.
   * @returns Bytes.
   */
  partBytes(session: UploadSession, mostBytes: number = Infinity): number {
    const { minChunkBytes, maxChunkBytes, maxBodyBytes } = this.#policy;
    const suiting = this.#options.chunkSizeBytes ?? this.gauge.chunkBytes();
    const wanted = Math.min(suiting, this.gauge.limitBytes, mostBytes);
    const least = Math.max(wanted, minChunkBytes, session.minChunkBytes);
    return Math.min(least, maxChunkBytes, maxBodyBytes, session.maxChunkBytes);
  }

  /**
   * Learns from a failure.
   *
   * @param failed What failed.
   * @returns Whether there is another way to try now.
   */
  learn(failed: FailedTransfer): boolean {
    if (isPusherError(failed.error, "NETWORK") || isPusherError(failed.error, "TIMEOUT")) {
      return this.#learnFromCut(failed);
    }
    const policy = adaptPolicy(this.#policy, failed);
    if (!policy) return false;
    this.#policy = policy;
    this.#options.onLearned?.(habitsOf(policy));
    return true;
  }

  /** A link that breaks says nothing of the registry: it is for this run only. */
  #learnFromCut({ strategy, bodyBytes, failures }: FailedTransfer): boolean {
    if (failures < 2) return false;
    if (strategy === "chunked") return this.gauge.addCut(bodyBytes);
    const policy = this.#policy.strategy === "chunked" ? undefined : chunkInstead(this.#policy);
    if (policy) this.#policy = policy;
    return policy !== undefined;
  }
}
