import { isPusherError } from "../errors.ts";
import { formatReference } from "../spec/reference.ts";
import { HostMemory } from "../state/host_memory.ts";
import type { PushHistory } from "../state/push_history.ts";
import { UploadJournal } from "../state/upload_journal.ts";
import { planPush, type PushPlan } from "../transfer/plan_push.ts";
import { type HostOptions, pushImages } from "../transfer/push_images.ts";
import { jobReference, type PushJob } from "../transfer/push_job.ts";
import type { PushedImage, PushFailure, PushReport } from "../transfer/report.ts";
import type { UploadHabits } from "../transfer/upload_habits.ts";
import { verifyPush } from "../transfer/verify_push.ts";
import type { RetryContext } from "../util/retry.ts";
import type { CommandContext } from "./command_context.ts";
import { type PreparationOptions, preparePush } from "./prepare_push.ts";
import type { ImageTarget } from "./push_targets.ts";

/** Blobs on their way at once, unless told otherwise. */
const DEFAULT_CONCURRENCY = 3;
/** With what one thread hashes at least, more than 500 MB/s. */
const MAX_HASH_THREADS = 3;

/** What to push where. */
export interface PushOptions extends PreparationOptions {
  /**
   * Blobs on their way at once, to each registry.
   *
   * @default {3}
   */
  concurrency?: number | undefined;
  /**
   * Size of the parts that large blobs are sent in, in bytes.
   *
   * @default {to suit the link and the registry}
   */
  chunkSizeBytes?: number | undefined;
  /** Most bytes per second over all uploads; unlimited when absent. */
  rateBytesPerSecond?: number | undefined;
  /**
   * Continue uploads that an earlier run left, and remember this one's.
   *
   * @default {true}
   */
  isResuming?: boolean | undefined;
  /** Send blobs even if the registry says it has them, and start uploads over. */
  force?: boolean | undefined;
  /** Ask the registry afterwards whether it holds everything. */
  verify?: boolean | undefined;
}

/**
 * Pushes the images of archives to registries. What does not get through to one registry does not stop the others.
 *
 * @param options What goes where.
 * @param context Asks, is told, and stops it.
 * @returns What was pushed, and what failed when other images went through.
 * @throws {PusherError} If nothing was pushed: the first failure; the others are told as warnings.
 */
export async function push(options: PushOptions, context: CommandContext): Promise<PushReport> {
  await using preparation = await preparePush(options, context);
  const { jobs, failures, chosen, history, stateDir, retryContext, onWarning } = preparation;
  if (failures.length > 0 && jobs.length === 0) throw firstOf(failures, onWarning);
  const { clock, onEvent } = context;
  const memory = new HostMemory(stateDir, { clock, onWarning });
  // Kept at once, one after the other: a push that is stopped or killed has learned for the next.
  let learning = Promise.resolve();
  const onNotice = (message: string): void => onEvent({ type: "notice", message });
  const isResuming = (options.isResuming ?? true) && !options.force;
  const report = await pushImages(jobs, {
    ...retryContext,
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    hashThreads: hashThreads(),
    chunkSizeBytes: options.chunkSizeBytes,
    hosts: hostOptions(jobs, options, context),
    rateBytesPerSecond: options.rateBytesPerSecond,
    journal: isResuming ? new UploadJournal(stateDir, { clock, onWarning, onNotice }) : undefined,
    habits: await recallHabits(memory, jobs),
    onLearned: (registry, habits) => {
      learning = learning.then(() => memory.learn(registry, habits));
    },
    isForced: options.force,
    onEvent,
  }).finally(() => learning);
  const verified = options.verify ? await verifyAll(jobs, report, retryContext) : report;
  const whole = { ...verified, failures: [...failures, ...verified.failures] };
  await remember(history, chosen, whole.pushed, clock.now());
  if (whole.failures.length > 0 && whole.pushed.length === 0) throw firstOf(whole.failures, onWarning);
  return whole;
}

/** The failure that stands for all; what others say differently becomes a warning. */
function firstOf(failures: readonly PushFailure[], onWarning: (message: string) => void): Error {
  const [first, ...others] = new Map(failures.map(({ error }) => [error.message, error])).values();
  for (const { message } of others) onWarning(message);
  return first!;
}

/**
 * Finds out what {@linkcode push} would do. Registries are asked, nothing is sent, nobody is asked to confirm.
 *
 * @param options What would go where.
 * @param context Is told where everything would go.
 * @returns What would be uploaded, and what is there.
 * @throws {PusherError} The first failure.
 */
export async function planOfPush(options: PushOptions, context: CommandContext): Promise<PushPlan> {
  await using preparation = await preparePush({ ...options, yes: true }, context);
  const { jobs, failures, retryContext } = preparation;
  const [failure] = failures;
  if (failure) throw failure.error;
  return await planPush(jobs, retryContext);
}

/** What the configuration file says of registries, where the command line says nothing. */
function hostOptions(
  jobs: readonly PushJob[],
  { concurrency, chunkSizeBytes }: PushOptions,
  { config }: CommandContext,
): ReadonlyMap<string, HostOptions> {
  return new Map(jobs.map(({ target: { registry } }) => {
    const host = config?.hostOf(registry) ?? {};
    return [registry, {
      concurrency: concurrency ?? host.concurrency,
      chunkSizeBytes: chunkSizeBytes ?? host.chunkSizeBytes,
      strategy: host.strategy,
    }];
  }));
}

async function recallHabits(
  memory: HostMemory,
  jobs: readonly PushJob[],
): Promise<Map<string, UploadHabits>> {
  const habits = new Map<string, UploadHabits>();
  for (const registry of new Set(jobs.map(({ target }) => target.registry))) {
    const known = await memory.get(registry);
    if (known) habits.set(registry, known);
  }
  return habits;
}

/** What was pushed but is not found complete counts as failed. */
async function verifyAll(
  jobs: readonly PushJob[],
  report: PushReport,
  retryContext: RetryContext,
): Promise<PushReport> {
  const pushed: PushedImage[] = [];
  const failures: PushFailure[] = [...report.failures];
  for (const image of report.pushed) {
    try {
      await verifyPush(jobs.find((job) => jobReference(job) === image.reference)!, retryContext);
      pushed.push(image);
    } catch (error) {
      if (!isPusherError(error)) throw error;
      failures.push({ reference: image.reference, error });
    }
  }
  return { ...report, pushed, failures };
}

async function remember(
  history: PushHistory,
  chosen: readonly ImageTarget[],
  pushed: readonly PushedImage[],
  nowMs: number,
): Promise<void> {
  const pushedAt = new Date(nowMs).toISOString();
  const records = chosen.flatMap(({ name, reference }) => {
    const target = formatReference(reference);
    const done = pushed.find((image) => image.reference === target);
    return done && name !== undefined
      ? [{ image: name, target, digest: done.digest, pushedAt, confirmed: true }]
      : [];
  });
  if (records.length > 0) await history.append(records);
}

/** As many as there are processors, up to what it takes to be ahead of any link; none beside a single one. */
function hashThreads(): number {
  const { hardwareConcurrency: processors } = navigator;
  return processors > 1 ? Math.min(processors, MAX_HASH_THREADS) : 0;
}
