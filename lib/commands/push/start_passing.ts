import { PusherError } from "../../errors.ts";
import { Repository } from "../../registry/repository.ts";
import type { Credentials } from "../../spec/credentials.ts";
import { formatRepository, parseReference, parseRegistry, type Reference } from "../../spec/reference.ts";
import { rewriteReference, type RewriteRule } from "../../spec/rewrite_reference.ts";
import { PassingPush } from "../../transfer/pass/passing_push.ts";
import type { CommandContext } from "../command_context.ts";
import { connectRegistries, type RegistryConnections } from "../connect_registries.ts";
import type { NetworkOptions } from "../network_options.ts";
import { openPushSettings, type TransferOptions } from "./push_settings.ts";
import type { PushState } from "./push_state.ts";
import type { TargetOptions } from "./push_targets.ts";

/** Where blobs wait for their images with `--registry`, below its path: names are known only at the end. */
const STAGING_REPOSITORY = "docker-image-pusher-staging";

/** What the user said of a push that passes once. */
export interface PassingOptions extends TargetOptions, TransferOptions, NetworkOptions {
  /** User and password, if all goes to one registry. */
  credentials?: Credentials | undefined;
}

/** A push of what passes once; disposing it closes its connections. */
export interface StartedPassing extends AsyncDisposable {
  /** The push. */
  readonly passing: PassingPush;
  /** Its connections, where they are those that the images will need. */
  readonly connections: RegistryConnections | undefined;
}

/**
 * Starts to push what passes once. Blobs go to the repositories named by `-t`, or with `--registry` to one from which
 * they are mounted into others when the names are known.
 *
 * @param options Where to, and how.
 * @param state What is kept between pushes.
 * @param context Time, events, the end.
 * @returns The push.
 * @throws {PusherError} `USAGE` if no target is named; the first failure if no registry can be reached.
 */
export async function startPassing(
  options: PassingOptions,
  state: PushState,
  context: CommandContext,
): Promise<StartedPassing> {
  await using resources = new AsyncDisposableStack();
  const repositories = repositoriesOf(options, context.config?.rewrite ?? []);
  const { store } = state;
  const connections = resources.use(await connectRegistries(repositories, { ...options, store }, context));
  const targets = repositories.flatMap((name) => {
    const session = connections.session(name);
    return session ? [new Repository(session, name.repository)] : [];
  });
  if (targets.length === 0) throw connections.error(repositories[0]!)!;
  const registries = repositories.map(({ registry }) => registry);
  const settings = resources.use(await openPushSettings(options, { state, registries, context }));
  // Threads to hash in would take more memory than all that is held of what passes.
  const passing = resources.use(new PassingPush(targets, { ...settings.context, hashThreads: 0 }));
  const open = resources.move();
  return {
    passing,
    connections: options.registry === undefined ? connections : undefined,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

function repositoriesOf(
  { targets = [], registry }: TargetOptions,
  rules: readonly RewriteRule[],
): Reference[] {
  const references = registry === undefined ? targets.map(parseReference) : [stagingIn(registry)];
  if (references.length === 0) throw targetless();
  const rewritten = references.map((reference) => rewriteReference(reference, rules));
  return [...new Map(rewritten.map((reference) => [formatRepository(reference), reference])).values()];
}

function stagingIn(text: string): Reference {
  const { registry, prefix } = parseRegistry(text);
  return parseReference([registry, prefix, STAGING_REPOSITORY].filter((part) => part !== "").join("/"));
}

function targetless(): PusherError {
  return new PusherError(
    "USAGE",
    "Cannot choose the target: what is read only once is sent before its names are known",
    {
      detail: { option: "--target" },
      hint: "Name the target with -t registry/repository:tag, or the registry with --registry host/path.",
    },
  );
}
