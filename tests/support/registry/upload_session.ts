import { createHash, type Hash } from "node:crypto";
import type { Upload } from "../../../lib/server/registry_store.ts";
import type { Digest } from "../../../lib/spec/digest.ts";
import type { ShaAlgorithm } from "../../../lib/util/sha256.ts";
import { ConnectionLost } from "./http_message.ts";
import type { Repository } from "./repository.ts";

/** How an upload is kept. */
export interface UploadSessionOptions {
  /** What its digest is made with. */
  algorithm: ShaAlgorithm;
  /** More than this is only hashed. */
  maxKeptBytes: number;
}

/** A blob on its way into a repository. */
export class UploadSession implements Upload {
  /** Content so far, absent once it was too much to keep. */
  parts: Uint8Array[] | undefined = [];
  /** Bytes so far. */
  sizeBytes = 0;
  /** Names it in its Location. */
  readonly id: string = crypto.randomUUID();
  readonly #repository: Repository;
  readonly #options: UploadSessionOptions;
  #hash: Hash;
  /** Counts the requests that wrote, so that one which hangs cannot write into the turn of the next. */
  #turn = 0;

  /**
   * Starts an empty upload.
   *
   * @param repository Where it is found until it ends, and the blob then.
   * @param options How it is kept.
   */
  constructor(repository: Repository, options: UploadSessionOptions) {
    this.#repository = repository;
    this.#options = options;
    this.#hash = createHash(options.algorithm);
    repository.uploads.set(this.id, this);
  }

  /**
   * Appends bytes, keeping what came when the body is cut.
   *
   * @param chunks The bytes.
   * @param startBytes Where the client believes to be.
   * @returns Whether they were taken.
   * @throws {ConnectionLost} If another request took over; and what reading the chunks throws.
   */
  async append(chunks: AsyncIterable<Uint8Array>, startBytes = this.sizeBytes): Promise<boolean> {
    const turn = ++this.#turn;
    if (startBytes !== this.sizeBytes) return false;
    for await (const chunk of chunks) {
      if (turn !== this.#turn) throw new ConnectionLost("another request goes on with this upload");
      this.#hash.update(chunk);
      this.sizeBytes += chunk.length;
      if (this.sizeBytes > this.#options.maxKeptBytes) this.parts = undefined;
      this.parts?.push(chunk.slice());
    }
    return true;
  }

  /**
   * Ends it.
   *
   * @param digest What it should be.
   * @returns What it is.
   */
  async commit(digest: Digest): Promise<Digest> {
    await this.cancel();
    const actual = `${this.#options.algorithm}:${this.#hash.digest("hex")}` as Digest;
    const { sizeBytes, parts } = this;
    if (actual === digest) this.#repository.blobs.set(digest, { sizeBytes, parts });
    return actual;
  }

  /** Gives it up. */
  cancel(): Promise<void> {
    this.#repository.uploads.delete(this.id);
    return Promise.resolve();
  }

  /**
   * Remembers the state of now.
   *
   * @returns Goes back to it.
   */
  snapshot(): () => void {
    const { sizeBytes, parts } = this;
    const hash = this.#hash.copy();
    const count = parts?.length;
    return () => {
      this.sizeBytes = sizeBytes;
      this.#hash = hash;
      this.parts = parts?.slice(0, count);
    };
  }
}
