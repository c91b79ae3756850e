import { cachePath } from "../layout/blob_cache.ts";
import { contentOf, entryName } from "../layout/cached_images.ts";
import { ImageLayout } from "../layout/image_layout.ts";
import { isImageLayout } from "../layout/layout_documents.ts";
import { pruneCache, type PrunedCache, sizeOf, sizesOf } from "../layout/prune_cache.ts";
import type { StoredBlob } from "../layout/stored_blobs.ts";
import type { Digest } from "../spec/digest.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";
import type { CommandContext } from "./command_context.ts";

/** Which cache. */
export interface CacheDirectoryOptions {
  /** The state directory, which the cache is in; see `resolveStateDirectory`. */
  stateDir?: string | undefined;
}

/** What is in the cache, ready for JSON. */
export interface CacheList {
  /** Where it is: an OCI image layout. */
  path: string;
  /** Bytes of its blobs. */
  sizeBytes: number;
  /** Bytes of blobs that are not complete: somebody is at them, or was stopped. */
  unfinishedBytes: number;
  /** What other tools find in it by name. */
  images: readonly CachedImage[];
  /** All blobs, those first that were used last. */
  blobs: readonly CachedBlob[];
}

/** An image of the cache. */
export interface CachedImage {
  /** Its name; its digest if it has none. */
  name: string;
  /** Digest of its manifest or index. */
  digest: Digest;
  /** Bytes of all that it consists of, shared or not. */
  sizeBytes: number;
  /** When it was pulled last, RFC 3339. */
  usedAt: string;
}

/** A blob of the cache. */
export interface CachedBlob {
  /** Its digest. */
  digest: Digest;
  /** Its size. */
  sizeBytes: number;
  /** When it was used last, RFC 3339. */
  usedAt: string;
  /** Names of the images that it belongs to. */
  images: readonly string[];
}

/**
 * Lists what is in the cache.
 *
 * @param options Which cache.
 * @param context Environment and time.
 * @returns Images and blobs; none if there is no cache yet.
 * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`.
 */
export async function listCache(options: CacheDirectoryOptions, context: CommandContext): Promise<CacheList> {
  const layout = await layoutOf(options, context);
  const stored = await Array.fromAsync(layout.blobs());
  const sizes = sizesOf(stored);
  const usedAt = new Map(stored.map((blob) => [blob.digest, timeText(blob)]));
  const images: CachedImage[] = [];
  const owners = new Map<Digest, string[]>();
  for (const entry of (await layout.readIndex()).manifests) {
    const content = await contentOf(layout, entry, { sizes });
    if (!content) continue;
    const { digest } = entry;
    const name = entryName(entry) ?? digest;
    for (const each of content.keys()) {
      const names = owners.get(each);
      if (names) names.push(name);
      else owners.set(each, [name]);
    }
    const sizeBytes = content.values().reduce((sum, size) => sum + size, 0);
    images.push({ name, digest, sizeBytes, usedAt: usedAt.get(digest) ?? "" });
  }
  const blobs = stored.toSorted((a, b) => b.usedAtMs - a.usedAtMs).map((blob) => ({
    digest: blob.digest,
    sizeBytes: blob.sizeBytes,
    usedAt: timeText(blob),
    images: owners.get(blob.digest) ?? [],
  }));
  const unfinishedBytes = await layout.ingestBytes();
  return { path: layout.path, sizeBytes: sizeOf(stored), unfinishedBytes, images, blobs };
}

/** What to remove from the cache. */
export interface CachePruneOptions extends CacheDirectoryOptions {
  /** Everything. */
  all?: boolean | undefined;
  /** What was not used for so long, in milliseconds. */
  olderThanMs?: number | undefined;
}

/** What was removed from the cache, ready for JSON. */
export interface CachePruneReport extends PrunedCache {
  /** Where it is. */
  path: string;
}

/**
 * Removes what is not used from the cache: blobs that belong to no image, unless more is asked for. What another process is
 * reading or writing stays.
 *
 * @param options What to remove.
 * @param context Environment and time; its signal ends waiting for other processes.
 * @returns What was removed.
 * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`, `STATE_UNWRITABLE`, `STATE_LOCKED`.
 */
export async function emptyCache(
  options: CachePruneOptions,
  context: CommandContext,
): Promise<CachePruneReport> {
  const layout = await layoutOf(options, context);
  const { path } = layout;
  if (!await isImageLayout(path)) return { path, blobs: 0, freedBytes: 0, images: [], leftBytes: 0 };
  const { all, olderThanMs } = options;
  const nowMs = context.clock.now();
  const unusedSinceMs = all ? Infinity : olderThanMs === undefined ? undefined : nowMs - olderThanMs;
  const pruned = await pruneCache(layout, {
    unusedSinceMs,
    hasNoStrays: true,
    draftsBeforeMs: unusedSinceMs ?? nowMs,
  });
  return { path, ...pruned };
}

async function layoutOf(
  { stateDir }: CacheDirectoryOptions,
  { clock, env, signal }: CommandContext,
): Promise<ImageLayout> {
  const directory = await resolveStateDirectory({ flag: stateDir, env, cwd: Deno.cwd() });
  return new ImageLayout(cachePath(directory), clock, { signal });
}

function timeText({ usedAtMs }: StoredBlob): string {
  return new Date(usedAtMs).toISOString();
}
