import { type ImageArchive } from "../archive/image_archive.ts";
import { openArchive } from "../archive/open_archive.ts";
import { PusherError } from "../errors.ts";
import type { Credentials } from "../registry/credentials.ts";
import { connectRegistry, type RegistrySession } from "../registry/registry_session.ts";
import { Repository } from "../registry/repository.ts";
import { formatReference } from "../spec/reference.ts";
import { CredentialStore } from "../state/credential_store.ts";
import { PushHistory } from "../state/push_history.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";
import { chooseTargets, type ChosenTarget, type Experience } from "../transfer/choose_targets.ts";
import { pushImages } from "../transfer/push_images.ts";
import type { PushJob } from "../transfer/registry_lane.ts";
import type { PushReport } from "../transfer/report.ts";
import { DEFAULT_RETRY_POLICY, retry, type RetryContext } from "../util/retry.ts";
import type { CommandContext } from "./command_context.ts";
import { findCredentials } from "./find_credentials.ts";
import { selectImages } from "./select_images.ts";

/** Blobs on their way at once, unless told otherwise. */
const DEFAULT_CONCURRENCY = 3;
/** How long a person has to stop a push to where it went before. */
const SECOND_THOUGHTS_MS = 2_000;

/** What to push where. */
export interface PushOptions {
  /** Paths of archives. */
  archives: readonly string[];
  /** Where to, as `registry/repository:tag`; chosen from names and history when empty. */
  targets?: readonly string[] | undefined;
  /** Registry to push under the archive's names, with a path in front if any. */
  registry?: string | undefined;
  /** Which images: by name, repository or digest; all when empty. */
  images?: readonly string[] | undefined;
  /** Do not ask about new destinations. */
  yes?: boolean | undefined;
  /** User and password for every registry of this push. */
  credentials?: Credentials | undefined;
  /**
   * Blobs on their way at once.
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
  /** Speak HTTP without TLS. */
  plainHttp?: boolean | undefined;
  /** Where logins and history are; see `resolveStateDirectory`. */
  stateDir?: string | undefined;
}

/**
 * Pushes the images of archives to registries.
 *
 * @param options What goes where.
 * @param context Asks, is told, and stops it.
 * @returns What was pushed, and what failed when other images went through.
 * @throws {PusherError} If nothing was pushed: the first failure.
 */
export async function push(options: PushOptions, context: CommandContext): Promise<PushReport> {
  using resources = new DisposableStack();
  const { clock, random, signal, onEvent } = context;
  const onWarning = (message: string): void => onEvent({ type: "warning", message });
  const stateDir = await resolveStateDirectory({ flag: options.stateDir, env: context.env, cwd: Deno.cwd() });
  const store = new CredentialStore(stateDir, { clock, onWarning });
  const history = new PushHistory(stateDir, { clock, onWarning });
  const retryContext = { policy: DEFAULT_RETRY_POLICY, clock, random, signal };

  const archives: ImageArchive[] = [];
  for (const path of options.archives) archives.push(resources.use(await openArchive(path)));
  for (const message of archives.flatMap(({ notices }) => notices)) onEvent({ type: "notice", message });

  const chosen = chooseAll(archives, options, await recall(history, store));
  await agree(chosen, options, context);

  const sessions = new Map<string, RegistrySession>();
  for (const registry of new Set(chosen.map(({ target }) => target.reference.registry))) {
    const credentials = await findCredentials(registry, {
      given: options.credentials,
      env: context.env,
      store,
    });
    const connect = { credentials, plainHttp: options.plainHttp, clock, onTrace: context.onTrace, signal };
    sessions.set(registry, resources.use(await connectPatiently(registry, connect, retryContext)));
  }
  const jobs: PushJob[] = chosen.map(({ archive, target: { image, reference } }) => ({
    image,
    source: archive,
    target: new Repository(sessions.get(reference.registry)!, reference.repository),
    tag: reference.tag,
  }));
  const report = await pushImages(jobs, {
    ...retryContext,
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    chunkSizeBytes: options.chunkSizeBytes,
    onEvent,
  });
  await remember(history, chosen, report, clock.now());
  const [failure] = report.failures;
  if (failure && report.pushed.length === 0) throw failure.error;
  return report;
}

interface ArchiveTarget {
  archive: ImageArchive;
  target: ChosenTarget;
}

function chooseAll(
  archives: readonly ImageArchive[],
  options: PushOptions,
  experience: Experience,
): ArchiveTarget[] {
  const wishes = { targets: options.targets ?? [], registry: options.registry };
  if (wishes.targets.length > 0 && archives.length > 1) {
    throw new PusherError("USAGE", `Cannot choose the target: ${archives.length} archives and one target`, {
      detail: { option: "--target" },
      hint: "Push them one by one, or all of them with --registry.",
    });
  }
  return archives.flatMap((archive) =>
    chooseTargets(selectImages(archive.images, options.images ?? []), wishes, experience)
      .map((target) => ({ archive, target }))
  );
}

async function recall(history: PushHistory, store: CredentialStore): Promise<Experience> {
  const pushes = await history.list();
  const confirmed = pushes.filter((push) => push.confirmed);
  const [recentPush] = await history.recentRegistries();
  return {
    lastTarget: (name) => confirmed.findLast(({ image }) => image === name)?.target,
    recentRegistry: recentPush ?? (await store.list()).at(-1)?.registry,
    isConfirmed: (repository) => confirmed.some(({ target }) => target.startsWith(`${repository}:`)),
  };
}

const REASONS: Readonly<Record<ChosenTarget["chosenBy"], string>> = {
  user: "",
  history: " (where it went last time)",
  "recent-registry": " (the most recent registry)",
};

/** Says where everything goes; asks about destinations the user neither named nor used before. */
async function agree(
  chosen: readonly ArchiveTarget[],
  options: PushOptions,
  context: CommandContext,
): Promise<void> {
  const { interaction, onEvent, clock, signal } = context;
  for (const { target: { image, name, reference, chosenBy } } of chosen) {
    const what = name ?? image.root.descriptor.digest;
    onEvent({ type: "notice", message: `${what} → ${formatReference(reference)}${REASONS[chosenBy]}` });
  }
  if (options.yes) return;
  const fresh = chosen.filter(({ target }) => target.isNew).map(({ target }) =>
    formatReference(target.reference)
  );
  if (fresh.length > 0) {
    if (!interaction) throw unconfirmed(fresh);
    const question = fresh.length === 1
      ? `Push to ${fresh[0]}?`
      : `Push to these ${fresh.length} new destinations?`;
    if (!await interaction.confirm(question)) throw declined();
  } else if (interaction && chosen.some(({ target }) => target.chosenBy !== "user")) {
    await clock.sleep(SECOND_THOUGHTS_MS, signal);
  }
}

async function connectPatiently(
  registry: string,
  connect: Parameters<typeof connectRegistry>[1],
  retryContext: RetryContext,
): Promise<RegistrySession> {
  return await retry(() => connectRegistry(registry, connect), retryContext);
}

async function remember(
  history: PushHistory,
  chosen: readonly ArchiveTarget[],
  report: PushReport,
  nowMs: number,
): Promise<void> {
  const pushedAt = new Date(nowMs).toISOString();
  const records = chosen.flatMap(({ target: { name, reference } }) => {
    const target = formatReference(reference);
    const done = report.pushed.find((image) => image.reference === target);
    return done && name !== undefined
      ? [{ image: name, target, digest: done.digest, pushedAt, confirmed: true }]
      : [];
  });
  if (records.length > 0) await history.append(records);
}

function unconfirmed(fresh: readonly string[]): PusherError {
  return new PusherError(
    "USAGE",
    `Cannot push to "${fresh[0]}": it is a new destination that nobody has confirmed`,
    {
      detail: { option: "--yes" },
      hint: "Name it with -t, or confirm it with --yes.",
    },
  );
}

function declined(): PusherError {
  return new PusherError("CANCELED", "Cannot push: the destination was declined", {
    detail: {},
    hint: "Name another one with -t or --registry.",
  });
}
