import { PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import type { ImageIndex } from "../spec/documents.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { BufferRing } from "../util/buffer_ring.ts";
import type { Clock } from "../util/clock.ts";
import { openLockedFile } from "../util/lock_file.ts";
import { partOf } from "../util/part_of.ts";
import { streamRange } from "../util/range_stream.ts";
import type { BlobRange } from "../util/stream_body.ts";
import { syncDirectory } from "../util/sync_directory.ts";
import { fillFromFile } from "./fill_from_file.ts";
import { openHeld, openUnheld } from "./held_file.ts";
import { Ingest } from "./ingest.ts";
import {
  INDEX_FILE,
  indexFileVersion,
  isImageLayout,
  LAYOUT_FILE,
  LEFT_DOCUMENT_REGEXP,
  readIndexFile,
  writeIndexFile,
  writeLayoutFile,
} from "./layout_documents.ts";
import { ifThere, layoutCorrupt, layoutUnwritable } from "./layout_error.ts";
import { LayoutLock, LOCK_FILE } from "./layout_lock.ts";
import { namesIn } from "./names_in.ts";
import { ALGORITHMS, blobPath, BLOBS, type StoredBlob, storedBlobs } from "./stored_blobs.ts";
import { sweepLayout } from "./sweep_layout.ts";

const INGEST = "ingest";

const INGEST_NAME_REGEXP = /^[A-Za-z0-9_-]{1,160}$/;

/**
 * A directory with images in it, as other tools read it, that several processes may write at the same time. Each may be
 * killed at any moment: what it leaves is not seen by anybody who reads the layout, and is removed by
 * {@linkcode ImageLayout.sweep}.
 *
 * Beside what the specification says, there are `ingest/`, where blobs are until they are complete, and a lock file.
 * A blob that is read is locked, so that nobody removes it; all locks are the kernel's, and end with their process.
 *
 * What is listed is on the disk before it is listed, with all that was written before: after the power has failed the layout
 * is what it was after one of the changes, with the last that had been made known.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 *
 * @example Write a blob, and name it
 * ```ts
 * import { digestOf } from "../spec/digest.ts";
 * import { systemClock } from "../util/clock.ts";
 * import { ImageLayout } from "./image_layout.ts";
 * import assert from "node:assert/strict";
 *
 * const directory = await Deno.makeTempDir();
 * const layout = new ImageLayout(directory, systemClock);
 * await layout.create();
 * const bytes = new TextEncoder().encode('{"schemaVersion":2,"manifests":[]}');
 * const blob = { mediaType: "application/vnd.oci.image.index.v1+json", digest: await digestOf(bytes), size: bytes.length };
 * await layout.writeBlob(blob, bytes);
 * await layout.updateIndex((entries) => [...entries, blob]);
 * assert.equal(await layout.blobSize(blob.digest), 34);
 * assert.deepEqual((await layout.readIndex()).manifests.map(({ digest }) => digest), [blob.digest]);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export class ImageLayout {
  /** The directory. */
  readonly path: string;
  readonly #clock: Clock;
  readonly #lock: LayoutLock;

  /**
   * Names the directory; nothing is read or created yet.
   *
   * @param path The directory, which may not exist; it has no blobs then.
   * @param clock Time.
   * @param options What is special.
   * @param options.signal Ends waiting for other processes: what waits then throws its reason.
   */
  constructor(path: string, clock: Clock, { signal }: { signal?: AbortSignal | undefined } = {}) {
    this.path = path;
    this.#clock = clock;
    this.#lock = new LayoutLock(path, { clock, signal });
  }

  /**
   * Makes what is missing of the layout, for its owner only.
   *
   * @throws {PusherError} `STATE_CORRUPT` if the directory holds something else; `STATE_UNWRITABLE`, `STATE_UNREADABLE`.
   */
  async create(): Promise<void> {
    await this.#writing(this.path, async () => {
      await Deno.mkdir(this.path, { recursive: true, mode: 0o700 });
      if (!await isImageLayout(this.path)) await this.#assertOurs();
      using _lock = await this.#lock.take();
      const isLayout = await isImageLayout(this.path);
      for (const name of [`${BLOBS}/${ALGORITHMS[0]}`, INGEST]) {
        await Deno.mkdir(`${this.path}/${name}`, { recursive: true, mode: 0o700 });
      }
      await syncDirectory(`${this.path}/${BLOBS}`);
      if (!await readIndexFile(this.path)) await writeIndexFile(this.path, { manifests: [] });
      if (isLayout) return;
      // Whose directory that is may not let it be opened.
      await syncDirectory(`${this.path}/..`).catch(() => {});
      // Last, since without it this is no layout.
      await writeLayoutFile(this.path);
    });
  }

  /**
   * Looks for a blob.
   *
   * @param digest Its digest.
   * @returns Its size; `undefined` if it is not here.
   * @throws {PusherError} `STATE_UNREADABLE`.
   */
  async blobSize(digest: Digest): Promise<number | undefined> {
    const info = await ifThere(this.#blobPath(digest), Deno.stat);
    return info?.isFile ? info.size : undefined;
  }

  /**
   * Opens the content of a blob. Nothing is verified here. Nobody removes the blob before the stream has ended or is
   * canceled.
   *
   * @param digest Its digest.
   * @param range Which part; the whole by default.
   * @returns A stream of exactly that part, in reused buffers: each chunk is valid only until the next one is asked for.
   * `undefined` if the blob is not here.
   * @throws {PusherError} `STATE_UNREADABLE`.
   * @throws {RangeError} If the part reaches beyond the blob.
   */
  async openBlob(digest: Digest, range: BlobRange = {}): Promise<ReadableStream<Uint8Array> | undefined> {
    const path = this.#blobPath(digest);
    using held = new DisposableStack();
    const file = held.use(await ifThere(path, openHeld));
    if (!file) return undefined;
    const { size } = await file.stat();
    const { offsetBytes, lengthBytes } = partOf(size, range);
    await file.seek(offsetBytes, Deno.SeekMode.Start);
    const { buffers = new BufferRing(), tap } = range;
    const open = held.move();
    const read = (into: Uint8Array): Promise<void> => fillFromFile(into, { file, path });
    return streamRange(lengthBytes, { read, close: () => open.dispose(), buffers, tap });
  }

  /**
   * Reads a small blob. Nothing is verified here.
   *
   * @param digest Its digest.
   * @returns All of it; `undefined` if it is not here.
   * @throws {PusherError} `STATE_UNREADABLE`.
   */
  async readBlob(digest: Digest): Promise<Uint8Array | undefined> {
    return await ifThere(this.#blobPath(digest), Deno.readFile);
  }

  /**
   * Keeps others from removing a blob.
   *
   * @param digest Its digest.
   * @returns Until this is disposed; `undefined` if the blob is not here.
   * @throws {PusherError} `STATE_UNREADABLE`.
   */
  async holdBlob(digest: Digest): Promise<Disposable | undefined> {
    return await ifThere(this.#blobPath(digest), openHeld);
  }

  /**
   * Remembers that a blob was used now. What cannot be written is not remembered.
   *
   * @param digest Its digest.
   */
  async touchBlob(digest: Digest): Promise<void> {
    const now = new Date(this.#clock.now());
    await Deno.utime(this.#blobPath(digest), now, now).catch(() => {});
  }

  /**
   * Begins a blob, or goes on with what an earlier process has left of it.
   *
   * @param name What to call it until its digest is known: letters, digits, `_` and `-`.
   * @returns The blob on its way; `undefined` if somebody has it, in this process or another.
   * @throws {PusherError} `STATE_UNWRITABLE`.
   * @throws {RangeError} If it cannot be called so.
   */
  async openIngest(name: string): Promise<Ingest | undefined> {
    if (!INGEST_NAME_REGEXP.test(name)) throw new RangeError(`Cannot call an ingest "${name}"`);
    const path = `${this.path}/${INGEST}/${name}`;
    const file = await this.#writing(path, async () => {
      // Under the lock, since whoever commits closes the file before it gets its other name.
      using _lock = await this.#lock.take();
      return await openLockedFile(path);
    });
    if (!file) return undefined;
    const { size } = await file.stat();
    return new Ingest({ path, adopt: (blob, open) => this.#adopt(path, blob, open) }, file, size);
  }

  /**
   * Looks for a blob on its way.
   *
   * @param name What it is called.
   * @returns How many bytes there are; `undefined` if it was never begun, or is gone.
   * @throws {PusherError} `STATE_UNREADABLE`.
   */
  async ingestSize(name: string): Promise<number | undefined> {
    if (!INGEST_NAME_REGEXP.test(name)) return undefined;
    const info = await ifThere(`${this.path}/${INGEST}/${name}`, Deno.stat);
    return info?.isFile ? info.size : undefined;
  }

  /**
   * Adds up blobs on their way, whether somebody is at them or not.
   *
   * @returns Their bytes.
   * @throws {PusherError} `STATE_UNREADABLE`.
   */
  async ingestBytes(): Promise<number> {
    const names = await namesIn(`${this.path}/${INGEST}`);
    const sizes = await Promise.all(names.map((name) => this.ingestSize(name)));
    return sizes.reduce<number>((sum, size = 0) => sum + size, 0);
  }

  /**
   * Writes a small blob, unless it is here.
   *
   * @param blob Digest and size.
   * @param bytes Its content.
   * @throws {PusherError} `DIGEST_MISMATCH` if they are not those of the blob; `STATE_UNWRITABLE`, `STATE_UNREADABLE`.
   */
  async writeBlob(blob: Pick<Descriptor, "digest" | "size">, bytes: Uint8Array): Promise<void> {
    if (await this.blobSize(blob.digest) === blob.size) return await this.touchBlob(blob.digest);
    // Under a name of its own: another one who writes the same may fail yet.
    using ingest = await this.openIngest(crypto.randomUUID());
    await ingest?.write(bytes);
    await ingest?.commit(blob);
  }

  /**
   * Removes a blob, unless somebody reads or holds it.
   *
   * @param digest Its digest.
   * @param options Which to spare.
   * @param options.unusedSinceMs Only if it was not used after this time, in milliseconds since 1970.
   * @param options.isUnlisted Only if `index.json` does not list it.
   * @returns How many bytes it had; `undefined` if it stays, or is not here.
   * @throws {PusherError} `STATE_UNWRITABLE`; `STATE_CORRUPT`, `STATE_UNREADABLE` of the index.
   */
  async removeBlob(
    digest: Digest,
    { unusedSinceMs = Infinity, isUnlisted = false }: { unusedSinceMs?: number; isUnlisted?: boolean } = {},
  ): Promise<number | undefined> {
    const path = this.#blobPath(digest);
    return await this.#writing(path, async () => {
      using _lock = await this.#lock.take();
      if (isUnlisted && (await this.readIndex()).manifests.some((entry) => entry.digest === digest)) {
        return undefined;
      }
      using file = await openUnheld(path);
      if (!file) return undefined;
      const { size, mtime } = await file.stat();
      if (mtime && mtime.getTime() > unusedSinceMs) return undefined;
      await Deno.remove(path);
      return size;
    });
  }

  /**
   * Lists the blobs.
   *
   * @returns What is here, in no order.
   * @throws {PusherError} `STATE_UNREADABLE`.
   */
  async *blobs(): AsyncGenerator<StoredBlob, void, void> {
    yield* storedBlobs(this.path);
  }

  /**
   * Reads what the layout lists.
   *
   * @returns Its `index.json`; an empty one if there is none.
   * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`.
   */
  async readIndex(): Promise<ImageIndex> {
    return await readIndexFile(this.path) ?? { mediaType: MEDIA_TYPE.ociIndex, manifests: [] };
  }

  /** Text that is another one once what the layout lists has changed, but for changes within a millisecond. */
  async indexVersion(): Promise<string> {
    return await indexFileVersion(this.path);
  }

  /**
   * Changes what the layout lists, while nobody else does.
   *
   * @param change Makes the new entries of those that are there; the same array changes nothing. The layout must not be
   * changed meanwhile, except by what it gives.
   * @throws {PusherError} `STATE_LOCKED` after half a minute; `STATE_CORRUPT`, `STATE_UNREADABLE`, `STATE_UNWRITABLE`.
   */
  async updateIndex(
    change: (entries: readonly Descriptor[]) => readonly Descriptor[] | Promise<readonly Descriptor[]>,
  ): Promise<void> {
    using _lock = await this.#lock.take();
    const index = await this.readIndex();
    const manifests = await change(index.manifests);
    if (manifests === index.manifests) return;
    await this.#syncBlobNames();
    await writeIndexFile(this.path, { ...index, manifests });
  }

  /**
   * Removes what processes have left that were killed. What somebody is writing stays.
   *
   * @param beforeMs Blobs on their way that were written to since this time stay as well, in milliseconds since 1970.
   * @returns How many bytes were freed.
   * @throws {PusherError} `STATE_UNREADABLE`, `STATE_UNWRITABLE`.
   */
  async sweep(beforeMs: number): Promise<number> {
    using _lock = await this.#lock.take();
    return await sweepLayout(this.path, { ingest: `${this.path}/${INGEST}`, beforeMs });
  }

  #blobPath(digest: Digest): string {
    return blobPath(this.path, digest);
  }

  async #adopt(path: string, blob: Pick<Descriptor, "digest" | "size">, open: Disposable): Promise<void> {
    using _lock = await this.#lock.take();
    const target = this.#blobPath(blob.digest);
    await this.#makeBlobDirectory(target.slice(0, target.lastIndexOf("/")));
    // Windows renames only what is closed.
    open[Symbol.dispose]();
    if (await this.#isHeld(blob)) await Deno.remove(path);
    else await Deno.rename(path, target);
  }

  /** Who holds a blob holds this file of it: another one may be removed. */
  async #isHeld({ digest, size }: Pick<Descriptor, "digest" | "size">): Promise<boolean> {
    if (await this.blobSize(digest) !== size) return false;
    using unheld = await openUnheld(this.#blobPath(digest));
    return unheld === undefined;
  }

  async #makeBlobDirectory(path: string): Promise<void> {
    if (await ifThere(path, Deno.stat)) return;
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    await syncDirectory(`${this.path}/${BLOBS}`);
  }

  async #syncBlobNames(): Promise<void> {
    for (const algorithm of ALGORITHMS) {
      const path = `${this.path}/${BLOBS}/${algorithm}`;
      if (await ifThere(path, Deno.stat)) await this.#writing(path, () => syncDirectory(path));
    }
  }

  /** Files that this class does not write, not even when it is killed, are somebody else's. */
  async #assertOurs(): Promise<void> {
    const own = [INDEX_FILE, LAYOUT_FILE, LOCK_FILE, BLOBS, INGEST];
    const names = await namesIn(this.path);
    if (names.every((name) => own.includes(name) || LEFT_DOCUMENT_REGEXP.test(name))) return;
    throw layoutCorrupt(
      this.path,
      "it holds other files, and is no OCI image layout",
      "Name a directory that is empty, or an OCI image layout.",
    );
  }

  async #writing<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw cause instanceof PusherError ? cause : layoutUnwritable(path, cause);
    }
  }
}

/**
 * What a blob on its way is called whose digest is known.
 *
 * @param digest Its digest.
 * @returns A name for {@linkcode ImageLayout.openIngest}: whoever gets the same blob goes on with the same file.
 */
export function ingestNameOf(digest: Digest): string {
  return digest.replace(":", "-");
}
