import { openArchive } from "../archive/open_archive.ts";
import type { Credentials } from "../spec/credentials.ts";
import { Repository } from "../registry/repository.ts";
import { describeManifest, platformImages } from "../spec/platform_images.ts";
import { formatReference } from "../spec/reference.ts";
import { rewriteReference } from "../spec/rewrite_reference.ts";
import { CredentialStore } from "../state/credential_store.ts";
import { PushHistory, type PushRecord } from "../state/push_history.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";
import { chooseTargets, requireDigest } from "../transfer/choose_targets.ts";
import { mountSources } from "../transfer/mount_sources.ts";
import type { PushJob } from "../transfer/push_job.ts";
import type { PushFailure } from "../transfer/report.ts";
import { DEFAULT_RETRY_POLICY, type RetryContext } from "../util/retry.ts";
import type { CommandContext } from "./command_context.ts";
import { connectRegistries, type RegistryConnections } from "./connect_registries.ts";
import { joinImages } from "./join_images.ts";
import type { NetworkOptions } from "./network_options.ts";
import { parsePlatforms } from "./parse_platforms.ts";
import { confirmTargets, type ImageTarget, recallExperience, type TargetOptions } from "./push_targets.ts";
import { selectImages } from "./select_images.ts";
import { shapeImage, type ShapeOptions } from "./shape_image.ts";
import type { SourcedImage } from "./sourced_image.ts";

/** What is to be pushed where. */
export interface PreparationOptions extends TargetOptions, Omit<ShapeOptions, "platforms">, NetworkOptions {
  /** Paths of archives. */
  archives: readonly string[];
  /** Push only these platforms, for example `linux/arm64`; all that the archives hold when empty. */
  platforms?: readonly string[] | undefined;
  /** Make one image for several platforms of all images. */
  index?: boolean | undefined;
  /** User and password, if all goes to one registry. */
  credentials?: Credentials | undefined;
  /** Where logins, history and uploads on their way are kept; see `resolveStateDirectory`. */
  stateDir?: string | undefined;
}

/** All that a push needs before the first blob; disposing it closes archives and connections. */
export interface PushPreparation extends AsyncDisposable {
  /** The state directory. */
  readonly stateDir: string;
  /** Earlier pushes. */
  readonly history: PushHistory;
  /** What goes where. */
  readonly chosen: readonly ImageTarget[];
  /** What goes to registries that can be reached. */
  readonly jobs: readonly PushJob[];
  /** What goes to registries that cannot. */
  readonly failures: readonly PushFailure[];
  /** Time, chance and the end. */
  readonly retryContext: RetryContext;
  /** Told of what is wrong with the state directory. */
  readonly onWarning: (message: string) => void;
}

/**
 * Opens archives, decides where their images go, and connects to the registries.
 *
 * @param options What goes where.
 * @param context Asks, is told, and stops it.
 * @returns What to push.
 * @throws {PusherError} If an archive cannot be read, or it cannot be decided where an image goes.
 */
export async function preparePush(
  options: PreparationOptions,
  context: CommandContext,
): Promise<PushPreparation> {
  await using resources = new AsyncDisposableStack();
  const { clock, random, signal, onEvent } = context;
  const onWarning = (message: string): void => onEvent({ type: "warning", message });
  const platforms = parsePlatforms(options.platforms ?? []);
  const stateDir = await resolveStateDirectory({ flag: options.stateDir, env: context.env, cwd: Deno.cwd() });
  const store = new CredentialStore(stateDir, { clock, onWarning });
  const history = new PushHistory(stateDir, { clock, onWarning });

  const images: SourcedImage[] = [];
  for (const path of options.archives) {
    const archive = resources.use(await openArchive(path));
    for (const message of archive.notices) onEvent({ type: "notice", message });
    images.push(...archive.images.map((image) => ({ ...image, source: archive, path })));
  }
  const pushes = await history.list();
  const { targets = [], registry, images: names = [] } = options;
  const selected = selectImages(images, names);
  const wanted = chooseTargets(
    options.index ? [await joinedImage(selected, context)] : selected,
    { targets, registry },
    await recallExperience(pushes, store),
  );
  const rules = context.config?.rewrite ?? [];
  const rewritten = wanted.map((target) => ({
    ...target,
    reference: rewriteReference(target.reference, rules),
  }));
  const chosen = await shapeTargets(rewritten, { ...options, platforms }, context);
  await confirmTargets(chosen, options, context);

  const repositories = chosen.map(({ reference }) => reference);
  const connections = resources.use(await connectRegistries(repositories, { ...options, store }, context));
  const open = resources.move();
  return {
    stateDir,
    history,
    chosen,
    jobs: toJobs(chosen, connections, pushes),
    failures: toFailures(chosen, connections),
    retryContext: { policy: DEFAULT_RETRY_POLICY, clock, random, signal },
    onWarning,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function joinedImage(
  images: readonly SourcedImage[],
  { onEvent }: CommandContext,
): Promise<SourcedImage> {
  const image = await joinImages(images);
  const { digest } = image.root.descriptor;
  const platforms = platformImages(image.root).map(describeManifest).join(", ");
  onEvent({ type: "notice", message: `An index of ${platforms} is made, with the new digest ${digest}.` });
  return image;
}

/** An image that goes to several targets is the same everywhere. */
async function shapeTargets(
  chosen: readonly ImageTarget[],
  options: ShapeOptions,
  { onEvent }: CommandContext,
): Promise<ImageTarget[]> {
  const shaped = new Map<SourcedImage, SourcedImage>();
  for (const { image } of chosen) {
    if (shaped.has(image)) continue;
    const { image: result, notice } = await shapeImage(image, options);
    if (notice) onEvent({ type: "notice", message: notice });
    shaped.set(image, result);
  }
  const targets = chosen.map((target) => ({ ...target, image: shaped.get(target.image)! }));
  targets.forEach(requireDigest);
  return targets;
}

function toJobs(
  chosen: readonly ImageTarget[],
  connections: RegistryConnections,
  pushes: readonly PushRecord[],
): PushJob[] {
  return chosen.flatMap(({ image, reference }) => {
    const session = connections.session(reference);
    if (!session) return [];
    return [{
      image,
      source: image.source,
      target: new Repository(session, reference.repository),
      tag: reference.tag,
      mountFrom: mountSources(image, reference, pushes),
    }];
  });
}

function toFailures(chosen: readonly ImageTarget[], connections: RegistryConnections): PushFailure[] {
  return chosen.flatMap(({ reference }) => {
    const error = connections.error(reference);
    return error ? [{ reference: formatReference(reference), error }] : [];
  });
}
