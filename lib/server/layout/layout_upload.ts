import { PusherError } from "../../errors.ts";
import { algorithmOf, type Digest } from "../../spec/digest.ts";
import { BUFFER_BYTES } from "../../util/buffer_ring.ts";
import { createSha, type Sha256, type ShaAlgorithm } from "../../util/sha256.ts";
import type { Upload } from "../registry_store.ts";
import type { LayoutIngest, ServedLayout } from "./served_layout.ts";

/** What is known of an upload that is to be gone on with. */
export interface LayoutUploadOptions {
  /** What its digest will probably be made with. */
  algorithm: ShaAlgorithm;
  /** Bytes that are there already. */
  sizeBytes: number;
  /** Called when it has ended or was given up. */
  onEnd: () => void;
}

/** A hash of the first bytes of a file. */
interface Hashed {
  hash: Sha256;
  algorithm: ShaAlgorithm;
  bytes: number;
}

/**
 * A blob on its way into an image layout. It is a file there, so that it can be gone on with after the process was killed;
 * the file is open only while a request is at it. Bytes are hashed as they come, unless an earlier process took them.
 */
export class LayoutUpload implements Upload {
  /** Names it. */
  readonly id: string;
  readonly #layout: ServedLayout;
  readonly #options: LayoutUploadOptions;
  #sizeBytes: number;
  /** Absent while a request is at it: one that was given up may go on with it otherwise. */
  #hashed: Hashed | undefined;
  #turn = 0;
  #ingest: LayoutIngest | undefined;
  #opening: Promise<unknown> = Promise.resolve();
  #writing: Promise<unknown> = Promise.resolve();

  /**
   * Opens nothing yet.
   *
   * @param id Names it, in the layout as well.
   * @param layout Where it goes.
   * @param options What is there already.
   */
  constructor(id: string, layout: ServedLayout, options: LayoutUploadOptions) {
    this.id = id;
    this.#layout = layout;
    this.#options = options;
    this.#sizeBytes = options.sizeBytes;
  }

  /** Bytes so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Appends bytes.
   *
   * @param chunks The bytes.
   * @param startBytes Where the client believes to be.
   * @returns Whether they were taken.
   * @throws {PusherError} `STATE_UNWRITABLE`, `STATE_UNREADABLE`; and what reading the chunks throws.
   */
  async append(chunks: AsyncIterable<Uint8Array>, startBytes?: number): Promise<boolean> {
    const turn = ++this.#turn;
    using ingest = await this.#takeOver();
    if (startBytes !== undefined && startBytes !== ingest.sizeBytes) return false;
    const hashed = await this.#hashedOf(ingest, this.#options.algorithm);
    try {
      for await (const chunk of chunks) {
        if (turn !== this.#turn) throw new Error(`Another request goes on with upload ${this.id}`);
        const writing = this.#writing = ingest.write(chunk);
        hashed.hash.update(chunk);
        hashed.bytes += chunk.length;
        await writing;
        this.#sizeBytes = ingest.sizeBytes;
      }
    } finally {
      if (turn === this.#turn) this.#hashed = hashed;
    }
    return true;
  }

  /**
   * Ends it.
   *
   * @param digest What it should be.
   * @returns What it is.
   * @throws {PusherError} `STATE_UNWRITABLE`, `STATE_UNREADABLE`.
   */
  async commit(digest: Digest): Promise<Digest> {
    this.#turn++;
    using ingest = await this.#takeOver();
    const { hash, algorithm } = await this.#hashedOf(ingest, algorithmOf(digest));
    const actual = `${algorithm}:${hash.hex()}` as Digest;
    if (actual === digest) await ingest.commit({ digest, size: ingest.sizeBytes }, { isVerified: true });
    else await ingest.abandon();
    this.#options.onEnd();
    return actual;
  }

  /** Gives it up. */
  async cancel(): Promise<void> {
    this.#turn++;
    using ingest = await this.#takeOver();
    await ingest.abandon();
    this.#options.onEnd();
  }

  /** Takes the file from a request that was given up, as soon as it is not writing. */
  #takeOver(): Promise<LayoutIngest> {
    const opening = this.#opening.then(async () => {
      await this.#writing.catch(() => {});
      this.#ingest?.[Symbol.dispose]();
      this.#ingest = await this.#layout.openIngest(this.id);
      if (!this.#ingest) throw busy(this.#layout.path, this.id);
      this.#sizeBytes = this.#ingest.sizeBytes;
      return this.#ingest;
    });
    this.#opening = opening.catch(() => {});
    return opening;
  }

  /** What is hashed already, or else reads the file. */
  async #hashedOf(ingest: LayoutIngest, algorithm: ShaAlgorithm): Promise<Hashed> {
    const known = this.#hashed;
    this.#hashed = undefined;
    if (known?.bytes === ingest.sizeBytes && known.algorithm === algorithm) return known;
    const hashed = { hash: await createSha(algorithm), algorithm, bytes: 0 };
    const buffer = new Uint8Array(BUFFER_BYTES);
    while (hashed.bytes < ingest.sizeBytes) {
      const read = await ingest.readAt(buffer, hashed.bytes);
      if (read === 0) break;
      hashed.hash.update(buffer.subarray(0, read));
      hashed.bytes += read;
    }
    return hashed;
  }
}

function busy(path: string, id: string): PusherError<"STATE_LOCKED"> {
  return new PusherError("STATE_LOCKED", `Cannot go on with upload ${id}: another process is at it`, {
    detail: { path },
    hint: "Send the request again when that one has ended.",
  });
}
