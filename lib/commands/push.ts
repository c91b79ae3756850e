import type { ImageArchive } from "../archive/image_archive.ts";
import { openArchive } from "../archive/open_archive.ts";
import { isPusherError, PusherError } from "../errors.ts";
import type { Credentials } from "../registry/credentials.ts";
import { connectRegistry, type RegistrySession } from "../registry/registry_session.ts";
import { Repository } from "../registry/repository.ts";
import { formatReference } from "../spec/reference.ts";
import { CredentialStore } from "../state/credential_store.ts";
import { HostMemory } from "../state/host_memory.ts";
import { PushHistory } from "../state/push_history.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";
import { UploadJournal } from "../state/upload_journal.ts";
import { mountSources } from "../transfer/mount_sources.ts";
import { planPush, type PushPlan } from "../transfer/plan_push.ts";
import { pushImages } from "../transfer/push_images.ts";
import { jobReference, type PushJob } from "../transfer/registry_lane.ts";
import type { PushedImage, PushFailure, PushReport } from "../transfer/report.ts";
import type { UploadHabits } from "../transfer/upload_host.ts";
import { verifyPush } from "../transfer/verify_push.ts";
import { DEFAULT_RETRY_POLICY, type RetryContext } from "../util/retry.ts";
import type { CommandContext } from "./command_context.ts";
import { findCredentials } from "./find_credentials.ts";
import {
  type ArchiveTarget,
  chooseArchiveTargets,
  confirmTargets,
  recallExperience,
  type TargetOptions,
} from "./push_targets.ts";
import { retryAloud } from "./retry_aloud.ts";

/** Blobs on their way at once, unless told otherwise. */
const DEFAULT_CONCURRENCY = 3;

/** What to push where. */
export interface PushOptions extends TargetOptions {
  /** Paths of archives. */
  archives: readonly string[];
  /** User and password, if all goes to one registry. */
  credentials?: Credentials | undefined;
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
  /** Speak HTTP without TLS. */
  plainHttp?: boolean | undefined;
  /** Where logins, history and uploads on their way are kept; see `resolveStateDirectory`. */
  stateDir?: string | undefined;
}

/**
 * Pushes the images of archives to registries. What does not get through to one registry does not stop the others.
 *
 * @param options What goes where.
 * @param context Asks, is told, and stops it.
 * @returns What was pushed, and what failed when other images went through.
 * @throws {PusherError} If nothing was pushed: the first failure.
 */
export async function push(options: PushOptions, context: CommandContext): Promise<PushReport> {
  await using preparation = await prepare(options, context);
  const { jobs, failures, chosen, history, stateDir, retryContext, onWarning } = preparation;
  const [unreachable] = failures;
  if (unreachable && jobs.length === 0) throw unreachable.error;
  const { clock, onEvent } = context;
  const memory = new HostMemory(stateDir, { clock, onWarning });
  const learned = new Map<string, UploadHabits>();
  const onNotice = (message: string): void => onEvent({ type: "notice", message });
  const isResuming = (options.isResuming ?? true) && !options.force;
  const report = await pushImages(jobs, {
    ...retryContext,
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    chunkSizeBytes: options.chunkSizeBytes,
    rateBytesPerSecond: options.rateBytesPerSecond,
    journal: isResuming ? new UploadJournal(stateDir, { clock, onWarning, onNotice }) : undefined,
    habits: await recallHabits(memory, jobs),
    onLearned: (registry, habits) => learned.set(registry, habits),
    isForced: options.force,
    onEvent,
  });
  for (const [registry, habits] of learned) await memory.learn(registry, habits);
  const verified = options.verify ? await verifyAll(jobs, report, retryContext) : report;
  const whole = { ...verified, failures: [...failures, ...verified.failures] };
  await remember(history, chosen, whole.pushed, clock.now());
  const [failure] = whole.failures;
  if (failure && whole.pushed.length === 0) throw failure.error;
  return whole;
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
  await using preparation = await prepare({ ...options, yes: true }, context);
  const { jobs, failures, retryContext } = preparation;
  const [failure] = failures;
  if (failure) throw failure.error;
  return await planPush(jobs, retryContext);
}

interface Preparation extends AsyncDisposable {
  stateDir: string;
  history: PushHistory;
  chosen: readonly ArchiveTarget[];
  jobs: readonly PushJob[];
  /** Of registries that cannot be reached. */
  failures: readonly PushFailure[];
  retryContext: RetryContext;
  onWarning: (message: string) => void;
}

/** Opens archives, decides where they go, and connects to the registries. */
async function prepare(options: PushOptions, context: CommandContext): Promise<Preparation> {
  await using resources = new AsyncDisposableStack();
  const { clock, random, signal, onEvent } = context;
  const onWarning = (message: string): void => onEvent({ type: "warning", message });
  const stateDir = await resolveStateDirectory({ flag: options.stateDir, env: context.env, cwd: Deno.cwd() });
  const store = new CredentialStore(stateDir, { clock, onWarning });
  const history = new PushHistory(stateDir, { clock, onWarning });
  const retryContext = { policy: DEFAULT_RETRY_POLICY, clock, random, signal };

  const archives: ImageArchive[] = [];
  for (const path of options.archives) archives.push(resources.use(await openArchive(path)));
  for (const message of archives.flatMap(({ notices }) => notices)) onEvent({ type: "notice", message });
  const pushes = await history.list();
  const chosen = chooseArchiveTargets(archives, options, await recallExperience(pushes, store));
  await confirmTargets(chosen, options, context);

  const registries = [...new Set(chosen.map(({ target }) => target.reference.registry))];
  if (options.credentials && registries.length > 1) throw sharedPassword(registries.length);
  const connect = async (registry: string): Promise<RegistrySession> => {
    const env = registries.length > 1 ? () => undefined : context.env;
    const credentials = await findCredentials(registry, { given: options.credentials, env, store });
    const connection = { credentials, plainHttp: options.plainHttp, clock, onTrace: context.onTrace, signal };
    return resources.use(await retryAloud(() => connectRegistry(registry, connection), context));
  };
  // Side by side: one that cannot be reached takes long to be given up.
  const sessions = await Promise.allSettled(registries.map(connect));
  const jobs: PushJob[] = [];
  const failures: PushFailure[] = [];
  for (const [at, session] of sessions.entries()) {
    const targets = chosen.filter(({ target }) => target.reference.registry === registries[at]);
    if (session.status === "fulfilled") {
      jobs.push(...targets.map((target) => toJob(target, session.value, pushes)));
      continue;
    }
    const error = session.reason;
    if (signal.aborted || !isPusherError(error)) throw error;
    failures.push(...targets.map(({ target }) => ({ reference: formatReference(target.reference), error })));
  }
  const open = resources.move();
  return {
    stateDir,
    history,
    chosen,
    jobs,
    failures,
    retryContext,
    onWarning,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

function toJob(
  { archive, target: { image, reference } }: ArchiveTarget,
  session: RegistrySession,
  pushes: readonly { image: string; target: string }[],
): PushJob {
  return {
    image,
    source: archive,
    target: new Repository(session, reference.repository),
    tag: reference.tag,
    mountFrom: mountSources(image, reference, pushes),
  };
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
  chosen: readonly ArchiveTarget[],
  pushed: readonly PushedImage[],
  nowMs: number,
): Promise<void> {
  const pushedAt = new Date(nowMs).toISOString();
  const records = chosen.flatMap(({ target: { name, reference } }) => {
    const target = formatReference(reference);
    const done = pushed.find((image) => image.reference === target);
    return done && name !== undefined
      ? [{ image: name, target, digest: done.digest, pushedAt, confirmed: true }]
      : [];
  });
  if (records.length > 0) await history.append(records);
}

function sharedPassword(registries: number): PusherError {
  return new PusherError("USAGE", `Cannot use one password for ${registries} registries`, {
    detail: { option: "--username" },
    hint: "Run login for each registry, and leave --username and --password out.",
  });
}
