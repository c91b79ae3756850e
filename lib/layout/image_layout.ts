import { PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import { type Digest, isDigest } from "../spec/digest.ts";
import type { ImageIndex } from "../spec/documents.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { BufferRing } from "../util/buffer_ring.ts";
import type { Clock } from "../util/clock.ts";
import { isAt, openLockedFile } from "../util/lock_file.ts";
import { partOf } from "../util/part_of.ts";
import { streamRange } from "../util/range_stream.ts";
import type { BlobRange } from "../util/stream_body.ts";
import { fillFromFile } from "./fill_from_file.ts";
import { Ingest } from "./ingest.ts";
import {
  INDEX_FILE,
  indexFileVersion,
  isImageLayout,
  LEFT_DOCUMENT_REGEXP,
  readIndexFile,
  writeIndexFile,
  writeLayoutFile,
} from "./layout_documents.ts";
import { ifThere, isMissing, layoutCorrupt, layoutUnreadable, layoutUnwritable } from "./layout_error.ts";
import { LOCK_FILE, lockLayout } from "./layout_lock.ts";

const BLOBS = "blobs";
const INGEST = "ingest";

/** Where blobs are, by the algorithms of their digests. */
const ALGORITHMS = ["sha256", "sha512"] as const;

const INGEST_NAME_REGEXP = /^[A-Za-z0-9_-]{1,160}$/;

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
 * A directory with images in it, as other tools read it, that several processes may write at the same time. Each may be
 * killed at any moment: what it leaves is not seen by anybody who reads the layout, and is removed by
 * {@linkcode ImageLayout.sweep}.
 *
 * Beside what the specification says, there are `ingest/`, where blobs are until they are complete, and for moments a lock file.
 * A blob that is read is locked, so that nobody removes it; all locks are the kernel's, and end with their process.
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

  /**
   * Names the directory; nothing is read or created yet.
   *
   * @param path The directory, which may not exist; it has no blobs then.
   * @param clock Time.
   */
  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /**
   * Makes what is missing of the layout, for its owner only.
   *
   * @throws {PusherError} `STATE_CORRUPT` if the directory holds something else; `STATE_UNWRITABLE`, `STATE_UNREADABLE`.
   */
  async create(): Promise<void> {
    await this.#writing(this.path, async () => {
      await Deno.mkdir(this.path, { recursive: true, mode: 0o700 });
      using _lock = await lockLayout(this.path, this.#clock);
      const isLayout = await isImageLayout(this.path);
      if (!isLayout) await this.#assertOurs();
      for (const name of [`${BLOBS}/${ALGORITHMS[0]}`, INGEST]) {
        await Deno.mkdir(`${this.path}/${name}`, { recursive: true, mode: 0o700 });
      }
      if (!await readIndexFile(this.path)) await writeIndexFile(this.path, []);
      // Last, since without it this is no layout.
      if (!isLayout) await writeLayoutFile(this.path);
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
    const file = await this.#openHeld(digest);
    if (!file) return undefined;
    held.use(file);
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
    return await this.#openHeld(digest);
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
      using _lock = await lockLayout(this.path, this.#clock);
      return await openLockedFile(path);
    });
    if (!file) return undefined;
    const { size } = await file.stat();
    const adopt = ({ digest }: Pick<Descriptor, "digest">, open: Disposable): Promise<void> =>
      this.#adopt(path, digest, open);
    return new Ingest({ path, adopt }, file, size);
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
   * Writes a small blob, unless it is here.
   *
   * @param blob Digest and size.
   * @param bytes Its content.
   * @throws {PusherError} `DIGEST_MISMATCH` if they are not those of the blob; `STATE_UNWRITABLE`, `STATE_UNREADABLE`.
   */
  async writeBlob(blob: Pick<Descriptor, "digest" | "size">, bytes: Uint8Array): Promise<void> {
    if (await this.blobSize(blob.digest) === blob.size) return await this.touchBlob(blob.digest);
    using ingest = await this.openIngest(ingestNameOf(blob.digest));
    if (!ingest) return;
    await ingest.truncate(0);
    await ingest.write(bytes);
    await ingest.commit(blob);
  }

  /**
   * Removes a blob, unless somebody reads or holds it.
   *
   * @param digest Its digest.
   * @param options Which to spare.
   * @param options.unusedSinceMs Only if it was not used after this time, in milliseconds since 1970.
   * @returns How many bytes it had; `undefined` if it stays, or is not here.
   * @throws {PusherError} `STATE_UNWRITABLE`.
   */
  async removeBlob(
    digest: Digest,
    { unusedSinceMs = Infinity }: { unusedSinceMs?: number } = {},
  ): Promise<number | undefined> {
    const path = this.#blobPath(digest);
    return await this.#writing(path, async () => {
      using _lock = await lockLayout(this.path, this.#clock);
      using file = await ifThere(path, (each) => Deno.open(each));
      if (!file || !(await file.tryLock(true)) || !(await isAt(path, file))) return undefined;
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
    for (const algorithm of ALGORITHMS) {
      for (const name of await this.#names(`${BLOBS}/${algorithm}`)) {
        const digest = `${algorithm}:${name}`;
        if (!isDigest(digest)) continue;
        const info = await ifThere(this.#blobPath(digest), Deno.stat);
        if (info?.isFile) yield { digest, sizeBytes: info.size, usedAtMs: info.mtime?.getTime() ?? 0 };
      }
    }
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
   * @param change Makes the new entries of those that are there; the same array changes nothing.
   * @throws {PusherError} `STATE_LOCKED` after ten seconds; `STATE_CORRUPT`, `STATE_UNREADABLE`, `STATE_UNWRITABLE`.
   */
  async updateIndex(
    change: (entries: readonly Descriptor[]) => readonly Descriptor[] | Promise<readonly Descriptor[]>,
  ): Promise<void> {
    using _lock = await lockLayout(this.path, this.#clock);
    const { manifests } = await this.readIndex();
    const entries = await change(manifests);
    if (entries !== manifests) await writeIndexFile(this.path, entries);
  }

  /**
   * Removes what processes have left that were killed. What somebody is writing stays.
   *
   * @param beforeMs Blobs on their way that were written to since this time stay as well, in milliseconds since 1970.
   * @returns How many bytes were freed.
   * @throws {PusherError} `STATE_UNREADABLE`, `STATE_UNWRITABLE`.
   */
  async sweep(beforeMs: number): Promise<number> {
    using _lock = await lockLayout(this.path, this.#clock);
    // Documents are written under the lock, so nobody is at these.
    for (const name of await this.#names(".")) {
      if (LEFT_DOCUMENT_REGEXP.test(name)) await Deno.remove(`${this.path}/${name}`).catch(() => {});
    }
    let freedBytes = 0;
    for (const name of await this.#names(INGEST)) {
      freedBytes += await removeIfOld(`${this.path}/${INGEST}/${name}`, beforeMs).catch(() => 0);
    }
    return freedBytes;
  }

  /** Made of a checked digest alone: nothing from outside decides about names. */
  #blobPath(digest: Digest): string {
    return `${this.path}/${BLOBS}/${digest.replace(":", "/")}`;
  }

  async #openHeld(digest: Digest): Promise<Deno.FsFile | undefined> {
    using held = new DisposableStack();
    const file = await ifThere(this.#blobPath(digest), (path) => Deno.open(path));
    if (!file) return undefined;
    held.use(file);
    // Who has it to himself is removing it.
    const isHeld = await file.tryLock(false) && await isAt(this.#blobPath(digest), file);
    if (!isHeld) return undefined;
    held.move();
    return file;
  }

  async #adopt(path: string, digest: Digest, open: Disposable): Promise<void> {
    using _lock = await lockLayout(this.path, this.#clock);
    const target = this.#blobPath(digest);
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    // Windows renames only what is closed.
    open[Symbol.dispose]();
    await Deno.rename(path, target);
  }

  /** Files that this class does not write, not even when it is killed, are somebody else's. */
  async #assertOurs(): Promise<void> {
    const own = [INDEX_FILE, LOCK_FILE, BLOBS, INGEST];
    const names = await this.#names(".");
    if (names.every((name) => own.includes(name) || LEFT_DOCUMENT_REGEXP.test(name))) return;
    throw layoutCorrupt(
      this.path,
      "it holds other files, and is no OCI image layout",
      "Name a directory that is empty, or an OCI image layout.",
    );
  }

  async #names(directory: string): Promise<string[]> {
    const path = `${this.path}/${directory}`;
    try {
      return await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
    } catch (error) {
      if (isMissing(error)) return [];
      throw layoutUnreadable(path, error);
    }
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

async function removeIfOld(path: string, beforeMs: number): Promise<number> {
  const { size, mtime } = await Deno.lstat(path);
  if (mtime && mtime.getTime() >= beforeMs) return 0;
  using file = await openLockedFile(path);
  if (!file) return 0;
  await Deno.remove(path);
  return size;
}
