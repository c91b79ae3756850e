import type { BlobCache } from "../../layout/blob_cache.ts";
import type { Digest } from "../../spec/digest.ts";
import { distinctBlobs, type Image, manifestsBottomUp, treesOf } from "../../spec/image.ts";
import { formatReference, type Reference } from "../../spec/reference.ts";
import { CachedOrigin } from "../../transfer/fetch/cached_origin.ts";
import type { ImageOrigin } from "../../transfer/ports.ts";
import type { Origins } from "../connect_origins.ts";

/** Repositories that are read through the cache, where there is one. */
export class PullKeeper implements AsyncDisposable {
  #origins: Origins;
  #cache: BlobCache | undefined;
  #cached: CachedOrigin[] = [];

  /**
   * Reads nothing yet.
   *
   * @param origins The repositories.
   * @param cache Where blobs are kept; none are when absent.
   */
  constructor(origins: Origins, cache: BlobCache | undefined) {
    this.#origins = origins;
    this.#cache = cache;
  }

  /**
   * The repository of one of the references asked for.
   *
   * @param reference Which.
   * @returns What to read it from.
   */
  of(reference: Reference): ImageOrigin {
    const origin = this.#origins.of(reference);
    if (!this.#cache) return origin;
    const cached = new CachedOrigin(origin, this.#cache);
    this.#cached.push(cached);
    return cached;
  }

  /**
   * Makes images, all blobs of which were read, part of the cache.
   *
   * @param images The images.
   * @param known Small blobs, which may have been read from elsewhere.
   */
  async keep(images: readonly Image[], known: ReadonlyMap<Digest, Uint8Array>): Promise<void> {
    const cache = this.#cache;
    if (!cache) return;
    await Promise.all(this.#cached.map((cached) => cached.finish()));
    const trees = images.flatMap(treesOf);
    const configs = distinctBlobs(...trees).flatMap((descriptor) => {
      const bytes = known.get(descriptor.digest);
      return bytes ? [{ descriptor, bytes }] : [];
    });
    await cache.keepDocuments([...configs, ...manifestsBottomUp(...trees)]);
    await cache.finish(
      images.flatMap(({ names, root }) =>
        names.map((name) => ({ name: formatReference(name), root: root.descriptor }))
      ),
    );
  }

  /** What is on its way is left for a later pull. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const cached of this.#cached) await cached[Symbol.asyncDispose]();
  }
}
