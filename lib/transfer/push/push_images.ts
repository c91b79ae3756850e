import type { RetryContext } from "../../util/retry.ts";
import type { EventSink } from "../events.ts";
import type { UploadJournal } from "../ports.ts";
import { PushRun } from "./push_run.ts";
import type { PushJob } from "./push_job.ts";
import type { PushReport } from "../progress/report.ts";
import type { UploadHabits } from "../upload/upload_habits.ts";
import type { UploadStrategy } from "../upload/upload_policy.ts";

/** How uploads to one registry work. */
export interface HostOptions {
  /** Blobs on their way at once. */
  concurrency?: number | undefined;
  /** Size of the parts a large blob is sent in. */
  chunkSizeBytes?: number | undefined;
  /** How large blobs are sent, until the registry refuses it. */
  strategy?: UploadStrategy | undefined;
}

/** How {@linkcode pushImages} works. */
export interface PushContext extends RetryContext {
  /** Blobs on their way at once, to each registry. */
  concurrency: number;
  /** Size of the parts a large blob is sent in; chosen to suit the link when absent. */
  chunkSizeBytes?: number | undefined;
  /** What is different at some registries. */
  hosts?: ReadonlyMap<string, HostOptions> | undefined;
  /** Most bytes per second over all uploads; unlimited when absent. */
  rateBytesPerSecond?: number | undefined;
  /**
   * Most threads to hash in besides this one, once hashing holds the uploads back.
   *
   * @default {0}
   */
  hashThreads?: number | undefined;
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
  using run = new PushRun(context);
  return await run.push(jobs);
}
