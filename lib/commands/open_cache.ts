import { BlobCache } from "../layout/blob_cache.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";
import type { CommandContext } from "./command_context.ts";
import { fileHashThreads } from "./hash_threads.ts";

/** Whether blobs are kept for later, and where. */
export interface CacheOptions {
  /** Most bytes that are kept; the cache is neither read nor written when absent. */
  maxCacheBytes?: number | undefined;
  /** The state directory, which the cache is in; see `resolveStateDirectory`. */
  stateDir?: string | undefined;
}

/**
 * Opens the cache, if it is wanted; nothing is read or created yet.
 *
 * @param options Whether it is wanted.
 * @param context Time, environment, what ends waiting for others, and who is told of what is wrong with it.
 * @returns The cache; disposing it lets others remove what this process used.
 * @throws {PusherError} `USAGE` if there is no place for a state directory.
 */
export async function openCache(
  { maxCacheBytes, stateDir }: CacheOptions,
  context: Pick<CommandContext, "clock" | "env" | "onEvent" | "signal">,
): Promise<BlobCache | undefined> {
  if (maxCacheBytes === undefined) return undefined;
  const directory = await resolveStateDirectory({ flag: stateDir, env: context.env, cwd: Deno.cwd() });
  return openCacheIn(directory, maxCacheBytes, context);
}

/**
 * Opens the cache of a state directory; nothing is read or created yet.
 *
 * @param directory The state directory.
 * @param maxBytes Most bytes that are kept.
 * @param context Time, what ends waiting for others, and who is told of what is wrong with it.
 * @returns The cache; disposing it lets others remove what this process used.
 */
export function openCacheIn(
  directory: string,
  maxBytes: number,
  { clock, onEvent, signal }: Pick<CommandContext, "clock" | "onEvent" | "signal">,
): BlobCache {
  const onNotice = (message: string): void => onEvent({ type: "notice", message });
  return new BlobCache(directory, { clock, maxBytes, onNotice, signal, hashThreads: fileHashThreads() });
}
