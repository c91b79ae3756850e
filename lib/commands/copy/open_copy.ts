import { Repository } from "../../registry/repository.ts";
import type { Credentials } from "../../spec/credentials.ts";
import type { Reference } from "../../spec/reference.ts";
import { OriginSource } from "../../transfer/fetch/origin_source.ts";
import { DEFAULT_RETRY_POLICY } from "../../util/retry.ts";
import type { PusherError } from "../../errors.ts";
import type { CommandContext } from "../command_context.ts";
import { connectOrigins, type OriginOptions } from "../connect_origins.ts";
import { connectRegistries } from "../connect_registries.ts";
import { findPushState, type PushState } from "../push/push_state.ts";
import { parseCopyNames } from "./copy_names.ts";
import { CopySource } from "./copy_source.ts";
import { findTags } from "./find_tags.ts";
import type { CopyTarget } from "./plan_image.ts";

/** What is copied from where to where. */
export interface CopyWay extends OriginOptions {
  /** An image, or a repository with a pattern in the place of the tag. */
  from: string;
  /** Images or repositories; without a tag, the image keeps its own. */
  to: readonly string[];
  /** User and password at the destinations, if these are in one registry; at the source, too, if that is the same. */
  credentials?: Credentials | undefined;
  /** User and password at the source; at the destinations, too, if these are in the same registry. */
  sourceCredentials?: Credentials | undefined;
}

/** Both ends of a copy; disposing it ends the connections. */
export interface OpenCopy extends Disposable {
  /** Names of the images, in the order in which they are copied. */
  readonly names: readonly Reference[];
  /** Gives them. */
  readonly source: CopySource;
  /** Where they go. */
  readonly targets: readonly CopyTarget[];
  /** Destinations that cannot be reached, and why. */
  readonly unreachable: readonly { reference: Reference; error: PusherError }[];
  /** What is kept between runs. */
  readonly state: PushState;
}

/**
 * Connects to both ends of a copy, and finds the images.
 *
 * @param way What is copied from where to where.
 * @param context Is told, and stops it.
 * @returns The ends.
 * @throws {PusherError} `REFERENCE_INVALID`, `USAGE`, `IMAGE_NOT_FOUND`; why the source cannot be read, or no destination be
 * reached.
 */
export async function openCopy(way: CopyWay, context: CommandContext): Promise<OpenCopy> {
  using resources = new DisposableStack();
  const names = parseCopyNames(way.from, way.to, context.config?.rewrite ?? []);
  const { source: from, pattern, destinations } = names;
  const registries = new Set([from, ...destinations].map(({ registry }) => registry));
  const isWithin = registries.size === 1;
  const { credentials = isWithin ? way.sourceCredentials : undefined } = way;
  const { sourceCredentials = isWithin ? way.credentials : undefined } = way;
  const connection = { ...way, usesEnvironment: isWithin };
  const state = await findPushState(way.stateDir, context);
  const origins = resources.use(
    await connectOrigins([from], { ...connection, credentials: sourceCredentials }, context),
  );
  const origin = origins.of(from);
  const found = pattern === undefined ? undefined : await findTags(from, pattern, { origin, context });
  const connections = resources.use(
    await connectRegistries(destinations, { ...connection, credentials, store: state.store }, context),
  );
  const targets = destinations.flatMap((reference) => {
    const session = connections.session(reference);
    return session ? [{ reference, target: new Repository(session, reference.repository) }] : [];
  });
  const unreachable = destinations.flatMap((reference) => {
    const error = connections.error(reference);
    return error ? [{ reference, error }] : [];
  });
  const blobs = resources.use(new OriginSource(origin, { policy: DEFAULT_RETRY_POLICY, ...context }));
  const open = resources.move();
  return {
    names: found?.matching.map((tag) => ({ ...from, tag })) ?? [from],
    source: new CopySource({ origin, blobs, tags: found?.all, context }),
    targets,
    unreachable,
    state,
    [Symbol.dispose]: () => open.dispose(),
  };
}
