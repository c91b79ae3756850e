import { isPusherError } from "../../errors.ts";
import type { Digest } from "../../spec/digest.ts";
import { formatReference, type Reference } from "../../spec/reference.ts";
import type { PushFailure } from "../../transfer/progress/report.ts";
import { TransferTally, type TransferTotals } from "../../transfer/progress/transfer_tally.ts";
import { planPush, type PushPlan } from "../../transfer/push/plan_push.ts";
import type { PushJob } from "../../transfer/push/push_job.ts";
import { PushRun } from "../../transfer/push/push_run.ts";
import { HostLimiter } from "../../transfer/upload/host_limiter.ts";
import { DEFAULT_RETRY_POLICY } from "../../util/retry.ts";
import type { CommandContext } from "../command_context.ts";
import { keepReceipt } from "../keep_receipt.ts";
import { firstFailure } from "../push/first_failure.ts";
import { openPushSettings, type TransferOptions } from "../push/push_settings.ts";
import { verifyPushed } from "../push/verify_pushed.ts";
import type { CopyPartOptions } from "./copy_source.ts";
import { type CopyWay, type OpenCopy, openCopy } from "./open_copy.ts";
import { type CopyStep, planImage } from "./plan_image.ts";

/** Images whose manifests are in memory at once; what they hold in common is sent once all the same. */
const BATCH_IMAGES = 50;
/** Images whose manifests are asked for at once. */
const CONCURRENCY = 4;

/** What to copy where, and how. */
export interface CopyOptions extends CopyWay, CopyPartOptions, TransferOptions {
  /** Ask the destinations afterwards whether they hold everything. */
  verify?: boolean | undefined;
  /** File that gets a receipt, whatever becomes of the copy; see `Receipt`. */
  receipt?: string | undefined;
}

/** What a copy did, ready for JSON. */
export interface CopyReport extends TransferTotals {
  /** One for each tag at each destination. */
  copied: readonly CopiedImage[];
  /** What could not be copied while others could; empty when all went well. */
  failures: readonly PushFailure[];
  /** From start to end. */
  durationMs: number;
}

/** A tag that points at its image. */
export interface CopiedImage {
  /** What was copied: `registry/repository:tag`. */
  source: string;
  /** Where to: `registry/repository:tag`. */
  reference: string;
  /** Digest of its manifest or index there. */
  digest: Digest;
  /** Whether it was there before. */
  isUnchanged: boolean;
}

/** Images that are copied together. */
interface Batch {
  steps: readonly CopyStep[];
  failures: readonly PushFailure[];
}

/**
 * Copies images from one registry to others: blobs go straight from the source to the destinations, read once for all of
 * them, or are mounted where the registry is the same; manifests stay byte for byte what they are unless something else
 * is asked for. What fails does not stop the others.
 *
 * @param options What to copy where.
 * @param surroundings Is told, and stops it.
 * @returns What is there now.
 * @throws {PusherError} If nothing was copied: the first failure; the others are told as warnings.
 */
export async function copy(options: CopyOptions, surroundings: CommandContext): Promise<CopyReport> {
  const context: CommandContext = {
    ...surroundings,
    onEvent: (event) =>
      surroundings.onEvent(event.type === "plan:ready" ? { ...event, isCopy: true } : event),
  };
  const report = await keepReceipt((told) => copyAll(options, told), {
    path: options.receipt,
    command: "copy",
    resultOf: ({ copied, failures }) => ({
      images: copied.map(({ source, reference, digest }) => ({ source, reference, digest })),
      failures,
    }),
  }, context);
  if (report.copied.length === 0) throw firstFailure(report.failures, context);
  return report;
}

/** Copies what can be copied; it is no error if that is nothing. */
async function copyAll(options: CopyOptions, surroundings: CommandContext): Promise<CopyReport> {
  const tally = new TransferTally();
  const context = { ...surroundings, onEvent: tally.countingFor(surroundings.onEvent) };
  const startMs = context.clock.now();
  using ends = await openCopy(options, context);
  const { state, targets } = ends;
  const retries = { policy: DEFAULT_RETRY_POLICY, ...context };
  const registries = targets.map(({ target }) => target.registry);
  await using settings = await openPushSettings(options, { state, registries, context });
  using run = new PushRun(settings.context);
  const copied: CopiedImage[] = [];
  const failures: PushFailure[] = [];
  for await (const batch of batchesOf(ends, options, context)) {
    failures.push(...batch.failures);
    const jobs = jobsOf(batch);
    const report = jobs.length > 0 ? await run.push(jobs) : undefined;
    const verified = report && options.verify ? await verifyPushed(jobs, report, retries) : report;
    failures.push(...verified?.failures ?? []);
    const pushed = new Set(verified?.pushed.map(({ reference }) => reference));
    for (const { source, reference, digest, job } of batch.steps) {
      const isUnchanged = job === undefined;
      if (isUnchanged || pushed.has(reference)) copied.push({ source, reference, digest, isUnchanged });
    }
  }
  return { copied, failures, ...tally.totals(), durationMs: context.clock.now() - startMs };
}

/**
 * Finds out what {@linkcode copy} would do: registries are asked, nothing is sent.
 *
 * @param options What would be copied where.
 * @param context Is told.
 * @returns What would be sent, and what is there; nothing of images that are there.
 * @throws {PusherError} The first failure.
 */
export async function planOfCopy(options: CopyOptions, context: CommandContext): Promise<PushPlan> {
  using ends = await openCopy(options, context);
  const jobs: PushJob[] = [];
  for await (const batch of batchesOf(ends, options, context)) {
    const [failure] = batch.failures;
    if (failure) throw failure.error;
    jobs.push(...jobsOf(batch));
  }
  return await planPush(jobs, { policy: DEFAULT_RETRY_POLICY, ...context, isForced: options.force });
}

function jobsOf({ steps }: Batch): PushJob[] {
  return steps.flatMap(({ job }) => job ?? []);
}

async function* batchesOf(
  ends: OpenCopy,
  options: CopyOptions,
  context: CommandContext,
): AsyncGenerator<Batch, void, void> {
  for (let at = 0; at < ends.names.length; at += BATCH_IMAGES) {
    const limiter = new HostLimiter(CONCURRENCY, context.clock);
    const names = ends.names.slice(at, at + BATCH_IMAGES);
    const plans = await Promise.all(names.map(async (name) => {
      using _permit = await limiter.acquire(context.signal);
      return await planOne(name, { ends, options }, context);
    }));
    const steps = plans.flatMap((plan) => plan.steps);
    for (const step of steps) context.onEvent({ type: "notice", message: stepText(step) });
    yield { steps, failures: plans.flatMap((plan) => plan.failures) };
  }
}

/** An image that cannot be read fails at all destinations. */
async function planOne(
  name: Reference,
  { ends, options }: { ends: OpenCopy; options: CopyOptions },
  context: CommandContext,
): Promise<Batch> {
  const { targets, source, unreachable } = ends;
  const failures = unreachable.map(({ reference, error }) => failureAt(name, reference, error));
  if (targets.length === 0) return { steps: [], failures };
  try {
    const isUnconditional = options.force || options.verify;
    const plan = { ...options, targets, source, isUnconditional };
    return { steps: await planImage(name, plan, context), failures };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isPusherError(error)) throw error;
    return {
      steps: [],
      failures: [...targets.map(({ reference }) => failureAt(name, reference, error)), ...failures],
    };
  }
}

function failureAt({ tag, digest }: Reference, place: Reference, error: Error): PushFailure {
  const isNamed = place.tag !== undefined || place.digest !== undefined;
  const own = tag === undefined ? { digest } : { tag };
  return { reference: formatReference(isNamed ? place : { ...place, ...own }), error };
}

function stepText({ source, reference, digest, job }: CopyStep): string {
  return job ? `${source} → ${reference}` : `${reference} is there already, as ${digest}`;
}
