import type { Digest } from "../spec/digest.ts";
import { contentOf, entryName } from "./cached_images.ts";
import type { ImageLayout, StoredBlob } from "./image_layout.ts";

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
  const strays = options.hasNoStrays ? await findStrays(layout) : [];
  const freed = await removeOldest(layout, strays, () => false);
  const stored = await Array.fromAsync(layout.blobs());
  const storedBytes = sizeOf(stored);
  freed.push(
    ...await removeOldest(
      layout,
      stored,
      ({ usedAtMs }, freedBytes) => usedAtMs > unusedSinceMs && storedBytes - freedBytes <= maxBytes,
    ),
  );
  const images = freed.length > 0 ? await forgetBroken(layout) : [];
  return { blobs: freed.length, freedBytes: sizeOf(freed) + sweptBytes, images };
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
  for (const blob of blobs.toSorted((a, b) => a.usedAtMs - b.usedAtMs)) {
    if (isEnough(blob, sizeOf(removed))) break;
    const sizeBytes = await layout.removeBlob(blob.digest, { unusedSinceMs: blob.usedAtMs });
    if (sizeBytes !== undefined) removed.push(blob);
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

async function findStrays(layout: ImageLayout): Promise<StoredBlob[]> {
  const wanted = new Set<Digest>();
  for (const entry of (await layout.readIndex()).manifests) {
    for (const digest of (await contentOf(layout, entry))?.keys() ?? []) wanted.add(digest);
  }
  const stored = await Array.fromAsync(layout.blobs());
  return stored.filter(({ digest }) => !wanted.has(digest));
}

async function forgetBroken(layout: ImageLayout): Promise<string[]> {
  const broken = new Map<Digest, string[]>();
  await layout.updateIndex(async (entries) => {
    for (const entry of entries) {
      if (await contentOf(layout, entry)) continue;
      const names = broken.get(entry.digest) ?? [];
      broken.set(entry.digest, [...names, entryName(entry) ?? entry.digest]);
    }
    return broken.size === 0 ? entries : entries.filter(({ digest }) => !broken.has(digest));
  });
  return [...broken.values()].flat();
}
