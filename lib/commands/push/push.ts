import type { FileConsumer } from "../../archive/read_piped_archive.ts";
import type { BlobCache } from "../../layout/blob_cache.ts";
import { formatReference } from "../../spec/reference.ts";
import type { PushHistory } from "../../state/push_history.ts";
import type { PassingPush } from "../../transfer/pass/passing_push.ts";
import { planPush, type PushPlan } from "../../transfer/push/plan_push.ts";
import type { PushJob } from "../../transfer/push/push_job.ts";
import { PushRun } from "../../transfer/push/push_run.ts";
import type { PushedImage, PushReport } from "../../transfer/progress/report.ts";
import { TransferTally } from "../../transfer/progress/transfer_tally.ts";
import type { TellingContext } from "../../transfer/retry_telling.ts";
import type { CompressionMethod } from "../../util/compressor_pool.ts";
import { DEFAULT_RETRY_POLICY } from "../../util/retry.ts";
import type { CommandContext } from "../command_context.ts";
import { findInputs } from "./find_inputs.ts";
import { firstFailure } from "./first_failure.ts";
import { JobCompressor } from "./job_compressor.ts";
import { openCacheIn } from "../open_cache.ts";
import { openArchives } from "./open_archives.ts";
import { keepReceipt } from "../keep_receipt.ts";
import { parsePlatforms } from "../parse_platforms.ts";
import { type PreparationOptions, preparePush } from "./prepare_push.ts";
import { openPushSettings, type TransferOptions } from "./push_settings.ts";
import { findPushState, type PushState } from "./push_state.ts";
import type { ImageTarget } from "./push_targets.ts";
import { startPassing } from "./start_passing.ts";
import { verifyPushed } from "./verify_pushed.ts";

/** What to push where. */
export interface PushOptions extends Omit<PreparationOptions, "platforms">, TransferOptions {
  /** Paths of archives; `-` is standard input. */
  archives: readonly string[];
  /** Push only these platforms, for example `linux/arm64`; all that the archives hold when empty. */
  platforms?: readonly string[] | undefined;
  /** Ask the registry afterwards whether it holds everything. */
  verify?: boolean | undefined;
  /** Compress plain layers; they are sent as they are when absent. */
  compression?: CompressionMethod | undefined;
  /** File that gets a receipt, whatever becomes of the push; see `Receipt`. */
  receipt?: string | undefined;
  /** Take what an archive lacks from the cache of what was pulled. */
  usesCache?: boolean | undefined;
  /** Where logins, history and uploads on their way are kept; see `resolveStateDirectory`. */
  stateDir?: string | undefined;
}

/**
 * Pushes the images of archives to registries. What does not get through to one registry does not stop the others.
 * Archives that can be read only once are sent while they are read; for these the target has to be named.
 *
 * @param options What goes where.
 * @param context Asks, is told, and stops it.
 * @returns What was pushed, and what failed when other images went through.
 * @throws {PusherError} If nothing was pushed: the first failure; the others are told as warnings.
 */
export async function push(options: PushOptions, context: CommandContext): Promise<PushReport> {
  const report = await keepReceipt((told) => pushAll(options, told), {
    path: options.receipt,
    command: "push",
    resultOf: ({ pushed, failures }) => ({ images: pushed, failures }),
  }, context);
  const { pushed, failures } = report;
  if (failures.length > 0 && pushed.length === 0) throw firstFailure(failures, context);
  return report;
}

/** Pushes what can be pushed; it is no error if that is nothing. */
async function pushAll(options: PushOptions, context: CommandContext): Promise<PushReport> {
  const startMs = context.clock.now();
  await using resources = new AsyncDisposableStack();
  const platforms = parsePlatforms(options.platforms ?? []);
  const inputs = resources.use(await findInputs(options.archives, context));
  const state = await findPushState(options.stateDir, context);
  const started = inputs.sources.size > 0
    ? resources.use(await startPassing(options, state, context))
    : undefined;
  using compressor = compressorFor(options, state, context);
  const onFile = started && await consumerFor(started.passing, compressor);
  const { archives } = resources.use(await openArchives(options.archives, { inputs, onFile }, context));
  using cache = openKept(options, state, context);
  const ground = { archives, state, cache, connections: started?.connections };
  const preparation = resources.use(await preparePush({ ...options, platforms }, ground, context));
  const { jobs, failures, chosen } = preparation;
  if (failures.length > 0 && jobs.length === 0) {
    return {
      pushed: [],
      failures,
      ...new TransferTally().totals(),
      durationMs: context.clock.now() - startMs,
    };
  }
  const send = async (): Promise<Sent> => {
    if (started) {
      return await pushJobs(jobs, { compressor, run: started.passing.run, pusher: started.passing });
    }
    const registries = jobs.map(({ target }) => target.registry);
    await using settings = await openPushSettings(options, { state, registries, context });
    using run = new PushRun(settings.context);
    return await pushJobs(jobs, { compressor, run, pusher: run });
  };
  const { jobs: sent, report } = await send();
  const verified = options.verify ? await verifyPushed(sent, report, retryContext(context)) : report;
  const whole = { ...verified, failures: [...failures, ...verified.failures] };
  await remember(state.history, chosen, whole.pushed, context.clock.now());
  return whole;
}

/** What was sent, as it was sent. */
interface Sent {
  jobs: readonly PushJob[];
  report: PushReport;
}

interface SendOptions {
  compressor: JobCompressor | undefined;
  run: PushRun;
  /** Pushes what is left when layers are compressed. */
  pusher: Pick<PushRun, "push">;
}

async function pushJobs(
  plainJobs: readonly PushJob[],
  { compressor, run, pusher }: SendOptions,
): Promise<Sent> {
  if (!compressor) return { jobs: plainJobs, report: await pusher.push(plainJobs) };
  const { jobs, failures, compression } = await compressor.compress(plainJobs, run);
  const report = await pusher.push(jobs);
  return { jobs, report: { ...report, failures: [...failures, ...report.failures], compression } };
}

/** Takes what passes once. */
async function consumerFor(
  passing: PassingPush,
  compressor: JobCompressor | undefined,
): Promise<FileConsumer> {
  return compressor ? await compressor.consumerFor(passing) : (file, read) => passing.pass(file, read);
}

function compressorFor(
  { compression: method, chunkSizeBytes }: PushOptions,
  { directory, onWarning }: PushState,
  { clock, onEvent }: CommandContext,
): JobCompressor | undefined {
  return method && new JobCompressor(directory, { method, chunkSizeBytes, clock, onWarning, onEvent });
}

/** Nothing is added to the cache. */
function openKept(
  { usesCache }: PushOptions,
  { directory }: PushState,
  context: CommandContext,
): BlobCache | undefined {
  return usesCache ? openCacheIn(directory, 0, context) : undefined;
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
  await using resources = new AsyncDisposableStack();
  const platforms = parsePlatforms(options.platforms ?? []);
  const inputs = resources.use(await findInputs(options.archives, context));
  const state = await findPushState(options.stateDir, context);
  const { archives } = resources.use(await openArchives(options.archives, { inputs }, context));
  using cache = openKept(options, state, context);
  const preparation = resources.use(
    await preparePush({ ...options, platforms, yes: true }, { archives, state, cache }, context),
  );
  const { jobs, failures } = preparation;
  const [failure] = failures;
  if (failure) throw failure.error;
  using compressor = compressorFor(options, state, context);
  const foreseen = compressor ? await compressor.foresee(jobs) : { jobs, pending: undefined };
  const { pending } = foreseen;
  return await planPush(foreseen.jobs, { ...retryContext(context), isForced: options.force, pending });
}

function retryContext(context: CommandContext): TellingContext {
  return { policy: DEFAULT_RETRY_POLICY, ...context };
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
    return done
      ? [{ image: name ?? done.digest, target, digest: done.digest, pushedAt, confirmed: true }]
      : [];
  });
  if (records.length > 0) await history.append(records);
}
