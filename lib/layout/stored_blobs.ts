import { type Digest, isDigest } from "../spec/digest.ts";
import { ifThere } from "./layout_error.ts";
import { namesIn } from "./names_in.ts";

/** The directory of a layout that has its blobs. */
export const BLOBS = "blobs";

/** Where blobs are, by the algorithms of their digests. */
export const ALGORITHMS = ["sha256", "sha512"] as const;

const LISTED_AT_ONCE = 32;

/** A blob that a layout holds. */
export interface StoredBlob {
  /** Its digest, by its name. */
  digest: Digest;
  /** Its size. */
  sizeBytes: number;
  /** When it was written or {@linkcode ImageLayout.touchBlob} was called, in milliseconds since 1970. */
  usedAtMs: number;
}

/**
 * Where a layout has a blob. The name is made of a checked digest alone: nothing from outside decides about it.
 *
 * @param layout The layout.
 * @param digest The blob's digest.
 * @returns Its path, whether it is there or not.
 */
export function blobPath(layout: string, digest: Digest): string {
  return `${layout}/${BLOBS}/${digest.replace(":", "/")}`;
}

/**
 * Lists the blobs of a layout.
 *
 * @param layout The layout.
 * @returns What is there, in no order.
 * @throws {PusherError} `STATE_UNREADABLE`.
 */
export async function* storedBlobs(layout: string): AsyncGenerator<StoredBlob, void, void> {
  for (const algorithm of ALGORITHMS) {
    const names = await namesIn(`${layout}/${BLOBS}/${algorithm}`);
    const digests = names.map((name) => `${algorithm}:${name}`).filter(isDigest);
    // Several at once, for disks that are far away.
    for (let at = 0; at < digests.length; at += LISTED_AT_ONCE) {
      const batch = digests.slice(at, at + LISTED_AT_ONCE);
      const found = await Promise.all(batch.map((digest) => storedBlob(layout, digest)));
      yield* found.filter((blob) => blob !== undefined);
    }
  }
}

async function storedBlob(layout: string, digest: Digest): Promise<StoredBlob | undefined> {
  const info = await ifThere(blobPath(layout, digest), Deno.stat);
  if (!info?.isFile) return undefined;
  return { digest, sizeBytes: info.size, usedAtMs: info.mtime?.getTime() ?? 0 };
}
