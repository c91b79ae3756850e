import type { Digest } from "../spec/digest.ts";
import { contentOf, entryName } from "./cached_images.ts";
import type { ImageLayout } from "./image_layout.ts";
import type { StoredBlob } from "./stored_blobs.ts";

/** What to remove of a cache. */
export interface PruneOptions {
  /** Blobs that were not used since this time, in milliseconds since 1970; none for that reason when absent. */
  unusedSinceMs?: number | undefined;
  /** More of those used least recently, until no more than this is left; as much as there is when absent. */
  maxBytes?: number | undefined;
  /** Whether blobs go that belong to no image. */
  hasNoStrays?: boolean | undefined;
  /** Halves of blobs that nobody has written to since this time, in milliseconds since 1970. */
  draftsBeforeMs: number;
}

/** What was removed. */
export interface PrunedCache {
  /** How many blobs. */
  blobs: number;
  /** Their bytes, and those of halves. */
  freedBytes: number;
  /** Bytes of the blobs that are left. */
  leftBytes: number;
  /** Names of images that are not whole any more, and therefore not listed. */
  images: string[];
}

/**
 * Removes blobs that were not used for long, and what is left of images without them. What somebody reads or holds stays.
 *
 * @param layout The cache.
 * @param options What to remove.
 * @returns What was removed.
 * @throws {PusherError} `STATE_UNWRITABLE`, `STATE_UNREADABLE`, `STATE_CORRUPT`, `STATE_LOCKED`.
 */
export async function pruneCache(layout: ImageLayout, options: PruneOptions): Promise<PrunedCache> {
  const { unusedSinceMs = -Infinity, maxBytes = Infinity, draftsBeforeMs } = options;
  const sweptBytes = await layout.sweep(draftsBeforeMs);
  const stored = await Array.fromAsync(layout.blobs());
  const strays = options.hasNoStrays ? await findStrays(layout, stored) : [];
  const removedStrays = await removeOldest(layout, strays, () => false);
  const rest = without(stored, removedStrays);
  const restBytes = sizeOf(rest);
  const removed = await removeOldest(
    layout,
    rest,
    ({ usedAtMs }, freedBytes) => usedAtMs > unusedSinceMs && restBytes - freedBytes <= maxBytes,
  );
  const left = without(rest, removed);
  const freed = [...removedStrays, ...removed];
  return {
    blobs: freed.length,
    freedBytes: sizeOf(freed) + sweptBytes,
    leftBytes: sizeOf(left),
    images: freed.length > 0 ? await forgetBroken(layout, left) : [],
  };
}

/**
 * Removes blobs, those first that were used least recently. What somebody reads or holds stays, and so does what was used
 * since it was listed.
 *
 * @param layout Where they are.
 * @param blobs Those that may go.
 * @param isEnough Whether this one may stay, and all that were used later, now that so many bytes are freed.
 * @returns Those that are gone.
 * @throws {PusherError} `STATE_UNWRITABLE`.
 */
export async function removeOldest(
  layout: ImageLayout,
  blobs: readonly StoredBlob[],
  isEnough: (next: StoredBlob, freedBytes: number) => boolean,
): Promise<StoredBlob[]> {
  const removed: StoredBlob[] = [];
  let freedBytes = 0;
  for (const blob of blobs.toSorted((a, b) => a.usedAtMs - b.usedAtMs)) {
    if (isEnough(blob, freedBytes)) break;
    const sizeBytes = await layout.removeBlob(blob.digest, { unusedSinceMs: blob.usedAtMs });
    if (sizeBytes === undefined) continue;
    removed.push(blob);
    freedBytes += blob.sizeBytes;
  }
  return removed;
}

/**
 * Adds up sizes.
 *
 * @param blobs Blobs.
 * @returns Their bytes.
 */
export function sizeOf(blobs: readonly Pick<StoredBlob, "sizeBytes">[]): number {
  return blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/**
 * The sizes of blobs by their digests.
 *
 * @param blobs Blobs.
 * @returns Their sizes.
 */
export function sizesOf(blobs: readonly StoredBlob[]): ReadonlyMap<Digest, number> {
  return new Map(blobs.map(({ digest, sizeBytes }) => [digest, sizeBytes]));
}

/**
 * What is left of blobs.
 *
 * @param blobs Blobs.
 * @param removed Those that are gone.
 * @returns The others.
 */
export function without(blobs: readonly StoredBlob[], removed: readonly StoredBlob[]): StoredBlob[] {
  const gone = new Set(removed.map(({ digest }) => digest));
  return blobs.filter(({ digest }) => !gone.has(digest));
}

async function findStrays(layout: ImageLayout, stored: readonly StoredBlob[]): Promise<StoredBlob[]> {
  const sizes = sizesOf(stored);
  const wanted = new Set<Digest>();
  for (const entry of (await layout.readIndex()).manifests) {
    for (const digest of (await contentOf(layout, entry, { sizes }))?.keys() ?? []) wanted.add(digest);
  }
  return stored.filter(({ digest }) => !wanted.has(digest));
}

/** Looks through everything first, so that nobody waits long for the lock. */
async function forgetBroken(layout: ImageLayout, left: readonly StoredBlob[]): Promise<string[]> {
  const sizes = sizesOf(left);
  const suspects = new Set<Digest>();
  for (const entry of (await layout.readIndex()).manifests) {
    if (!await contentOf(layout, entry, { sizes })) suspects.add(entry.digest);
  }
  const names: string[] = [];
  await layout.updateIndex(async (entries) => {
    const broken = new Set<Digest>();
    for (const entry of entries) {
      if (!suspects.has(entry.digest) || await contentOf(layout, entry)) continue;
      broken.add(entry.digest);
      names.push(entryName(entry) ?? entry.digest);
    }
    return broken.size === 0 ? entries : entries.filter(({ digest }) => !broken.has(digest));
  });
  return names;
}
