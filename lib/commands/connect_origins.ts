import { Repository } from "../registry/repository.ts";
import type { Credentials } from "../spec/credentials.ts";
import type { Reference } from "../spec/reference.ts";
import type { CommandContext } from "./command_context.ts";
import { connectRegistries } from "./connect_registries.ts";
import type { NetworkOptions } from "./network_options.ts";
import { findPushState } from "./push_state.ts";

/** How to reach repositories that are read. */
export interface OriginOptions extends NetworkOptions {
  /** User and password, if there is one registry only. */
  credentials?: Credentials | undefined;
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
  of(reference: Reference): Repository;
}

/**
 * Connects to the repositories of references, for reading only.
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
  const connections = resources.use(await connectRegistries(references, { ...options, store }, context));
  const repositories = new Map(references.map((reference) => {
    const session = connections.session(reference);
    if (!session) throw connections.error(reference);
    return [reference, new Repository(session, reference.repository, { isReadOnly: true })];
  }));
  const open = resources.move();
  return { of: (reference) => repositories.get(reference)!, [Symbol.dispose]: () => open.dispose() };
}
