import { Repository } from "../registry/repository.ts";
import type { Credentials } from "../spec/credentials.ts";
import { formatRepository, type Reference } from "../spec/reference.ts";
import { MirroredOrigin } from "../transfer/fetch/mirrored_origin.ts";
import type { CopyOrigin } from "../transfer/ports.ts";
import type { CommandContext } from "./command_context.ts";
import { connectRegistries, type RegistryConnections, type RepositoryName } from "./connect_registries.ts";
import type { NetworkOptions } from "./network_options.ts";
import { findPushState } from "./push/push_state.ts";

/** How to reach repositories that are read. */
export interface OriginOptions extends NetworkOptions {
  /** User and password, if there is one registry only. */
  credentials?: Credentials | undefined;
  /**
   * Whether credentials of the environment count.
   *
   * @default {if there is one registry only}
   */
  usesEnvironment?: boolean | undefined;
  /** Where logins are kept. */
  stateDir?: string | undefined;
}

/** Repositories to read from; disposing it ends the connections. */
export interface Origins extends Disposable {
  /**
   * The repository of one of the references asked for.
   *
   * @param reference Which.
   */
  of(reference: Reference): CopyOrigin;
}

/**
 * Connects to the repositories of references, for reading only. Where the configuration names mirrors of a registry,
 * these are asked first, and the registry only for what they do not have.
 *
 * @param references What will be read.
 * @param options Credentials and transport.
 * @param context Told why it waits, and stops it.
 * @returns The repositories.
 * @throws {PusherError} Why a registry cannot be used: the first reason.
 */
export async function connectOrigins(
  references: readonly Reference[],
  options: OriginOptions,
  context: CommandContext,
): Promise<Origins> {
  const { store } = await findPushState(options.stateDir, context);
  using resources = new DisposableStack();
  const registries = resources.use(
    new LazyConnections(() => connectRegistries(references, { ...options, store }, context)),
  );
  const connect = async (reference: Reference): Promise<Repository> => {
    const connections = await registries.get();
    const session = connections.session(reference);
    if (!session) throw connections.error(reference);
    return new Repository(session, reference.repository, { isReadOnly: true });
  };
  const names = new Map(references.map((reference) => [reference, mirrorsOf(reference, context)]));
  // What the user said for this run is meant for the registry.
  const stored = { caFiles: options.caFiles, usesEnvironment: false, store };
  const mirrors = resources.use(await connectRegistries([...names.values()].flat(), stored, context));
  const onWarning = (message: string): void => context.onEvent({ type: "warning", message });
  const origins = new Map<Reference, CopyOrigin>();
  for (const [reference, itsMirrors] of names) {
    origins.set(
      reference,
      itsMirrors.length === 0 ? await connect(reference) : new MirroredOrigin({
        name: formatRepository(reference),
        mirrors: itsMirrors.flatMap((name) => {
          const session = mirrors.session(name);
          if (session) return [new Repository(session, name.repository, { isReadOnly: true })];
          onWarning(`The mirror ${formatRepository(name)} is not asked: ${mirrors.error(name)?.message}`);
          return [];
        }),
        connect: () => connect(reference),
        onWarning,
      }),
    );
  }
  const open = resources.move();
  return { of: (reference) => origins.get(reference)!, [Symbol.dispose]: () => open.dispose() };
}

function mirrorsOf({ registry, repository }: Reference, { config }: CommandContext): RepositoryName[] {
  const mirrors = config?.hostOf(registry).mirrors ?? [];
  return mirrors.map((mirror) => ({
    registry: mirror.registry,
    repository: mirror.prefix === "" ? repository : `${mirror.prefix}/${repository}`,
  }));
}

/** Connections that are made when they are first needed. */
class LazyConnections implements Disposable {
  #connect: () => Promise<RegistryConnections>;
  #connecting: Promise<RegistryConnections> | undefined;

  constructor(connect: () => Promise<RegistryConnections>) {
    this.#connect = connect;
  }

  get(): Promise<RegistryConnections> {
    return this.#connecting ??= this.#connect();
  }

  [Symbol.dispose](): void {
    this.#connecting?.then((connections) => connections[Symbol.dispose](), () => {});
  }
}
