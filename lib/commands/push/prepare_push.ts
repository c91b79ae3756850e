import type { ImageArchive } from "../../archive/image_archive.ts";
import type { Credentials } from "../../spec/credentials.ts";
import type { BlobCache } from "../../layout/blob_cache.ts";
import { Repository } from "../../registry/repository.ts";
import { describeManifest, platformImages } from "../../spec/platform_images.ts";
import { formatReference, withDefaultTag } from "../../spec/reference.ts";
import { rewriteReference } from "../../spec/rewrite_reference.ts";
import type { CredentialStore } from "../../state/credential_store.ts";
import type { PushRecord } from "../../state/push_history.ts";
import { chooseTargets, inferTarget, requireDigest } from "../../transfer/push/choose_targets.ts";
import { mountSources } from "../../transfer/push/mount_sources.ts";
import type { PushJob } from "../../transfer/push/push_job.ts";
import type { PushFailure } from "../../transfer/progress/report.ts";
import type { CommandContext, Interaction } from "../command_context.ts";
import { completeImage } from "./complete_image.ts";
import { askForTarget } from "./ask_for_target.ts";
import { connectRegistries, type RegistryConnections } from "../connect_registries.ts";
import { joinImages } from "./join_images.ts";
import type { NetworkOptions } from "../network_options.ts";
import type { PushState } from "./push_state.ts";
import { confirmTargets, type ImageTarget, recallExperience, type TargetOptions } from "./push_targets.ts";
import { selectImages } from "./select_images.ts";
import { shapeImage, type ShapeOptions } from "./shape_image.ts";
import type { SourcedImage } from "./sourced_image.ts";

/** What is to be pushed where. */
export interface PreparationOptions extends TargetOptions, ShapeOptions, NetworkOptions {
  /** Make one image for several platforms of all images. */
  index?: boolean | undefined;
  /** User and password, if all goes to one registry. */
  credentials?: Credentials | undefined;
}

/** What a push begins with. */
export interface PushGround {
  /** Open archives. */
  archives: readonly ImageArchive[];
  /** What is kept between pushes. */
  state: PushState;
  /** What was pulled, for what archives lack; it is not asked when absent. */
  cache?: BlobCache | undefined;
  /** Connections to all targets, where there are some already. */
  connections?: RegistryConnections | undefined;
}

/** Which images go where; disposing it closes the connections that were made for it. */
export interface PushPreparation extends Disposable {
  /** What goes where. */
  readonly chosen: readonly ImageTarget[];
  /** What goes to registries that can be reached. */
  readonly jobs: readonly PushJob[];
  /** What goes to registries that cannot. */
  readonly failures: readonly PushFailure[];
}

/**
 * Decides where the images of archives go, and connects to the registries.
 *
 * @param options What goes where.
 * @param ground Archives and state.
 * @param context Asks, is told, and stops it.
 * @returns What to push.
 * @throws {PusherError} If it cannot be decided where an image goes.
 */
export async function preparePush(
  options: PreparationOptions,
  ground: PushGround,
  context: CommandContext,
): Promise<PushPreparation> {
  using resources = new DisposableStack();
  const { state } = ground;
  const pushes = await state.history.list();
  const chosen = await decideTargets(options, { ...ground, pushes }, context);
  await confirmTargets(chosen, options, context);

  const repositories = chosen.map(({ reference }) => reference);
  const connections = ground.connections ??
    resources.use(await connectRegistries(repositories, { ...options, store: state.store }, context));
  const open = resources.move();
  return {
    chosen,
    jobs: toJobs(chosen, connections, pushes),
    failures: toFailures(chosen, connections),
    [Symbol.dispose]: () => open.dispose(),
  };
}

/**
 * Decides where the images of archives go, and what of them.
 *
 * @param options What goes where.
 * @param ground Archives, state, and earlier pushes.
 * @param context Asks, and is told what becomes of the images.
 * @returns What goes where.
 * @throws {PusherError} If it cannot be decided where an image goes.
 */
export async function decideTargets(
  options: Omit<PreparationOptions, keyof NetworkOptions>,
  { archives, state, pushes, cache }: PushGround & { pushes: readonly PushRecord[] },
  context: CommandContext,
): Promise<ImageTarget[]> {
  const images = archives.flatMap((archive) =>
    archive.images.map((image) => ({ ...image, source: archive, path: archive.path }))
  );
  const selected: SourcedImage[] = [];
  for (const image of selectImages(images, options.images ?? [])) {
    selected.push(cache ? await completeImage(image, cache, context.signal) : image);
  }
  const wanted = await chooseOrAsk(
    options.index ? [await joinedImage(selected, context)] : selected,
    options,
    { pushes, store: state.store, interaction: context.interaction },
  );
  const rules = context.config?.rewrite ?? [];
  const rewritten = wanted.map((target) => ({
    ...target,
    reference: rewriteReference(target.reference, rules),
  }));
  return await shapeTargets(rewritten, options, context);
}

/** The user is asked about a single image that would go where they have not been, or for which nothing is known. */
async function chooseOrAsk(
  images: readonly SourcedImage[],
  { targets = [], registry, yes }: TargetOptions,
  { pushes, store, interaction }: {
    pushes: readonly PushRecord[];
    store: CredentialStore;
    interaction: Interaction | undefined;
  },
): Promise<ImageTarget[]> {
  const experience = await recallExperience(pushes, store);
  const [image, ...others] = images;
  const isOpen = targets.length === 0 && registry === undefined && others.length === 0;
  if (interaction && isOpen && !yes && image && image.names.length <= 1) {
    const name = image.names[0] && withDefaultTag(image.names[0]);
    const inferred = name && inferTarget(image, name, experience);
    if (!inferred || (inferred.isNew && pushes.length > 0)) {
      const target = await askForTarget({ name, inferred: inferred?.reference, pushes, interaction });
      return chooseTargets(images, { targets: [target], registry }, experience);
    }
  }
  return chooseTargets(images, { targets, registry }, experience);
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
