import type { ShaAlgorithm, StreamHash } from "../../util/sha256.ts";
import type { HashEffort } from "./hash_effort.ts";

/** What a {@linkcode BlobHash} needs. */
export interface BlobHashOptions {
  /** Whether this thread has too much to do. */
  effort: HashEffort;
  /** Size of the blob. */
  sizeBytes: number;
  /** Gives the first bytes of the blob again; where that cannot be done, a hash that has begun does not move. */
  reread?: ((lengthBytes: number) => AsyncIterable<Uint8Array>) | undefined;
}

/**
 * The hash of one blob. It begins in this thread; when that turns out to hold the uploads back, it moves to another one.
 * A hash cannot be carried over in the middle, so what was hashed until then is read again, and hashed there once more.
 */
export class BlobHash implements StreamHash {
  #algorithm: ShaAlgorithm;
  #options: BlobHashOptions;
  #hash: StreamHash;
  #isElsewhere = false;
  #hashedBytes = 0;
  /** Kept when it is over, since what comes after must stay behind what waits for it. */
  #moving: Promise<void> | undefined;

  /**
   * Takes over a fresh hash; {@linkcode startBlobHash} makes one.
   *
   * @param algorithm Which it is.
   * @param hash The hash, of this thread.
   * @param options What decides whether it moves, and what it needs then.
   */
  constructor(algorithm: ShaAlgorithm, hash: StreamHash, options: BlobHashOptions) {
    this.#algorithm = algorithm;
    this.#hash = hash;
    this.#options = options;
  }

  /**
   * Adds bytes.
   *
   * @param bytes The next ones.
   * @returns Until when they must stay as they are, if not only for this call.
   * @throws Whatever reading again throws.
   */
  update(bytes: Uint8Array): void | Promise<void> {
    if (!this.#isElsewhere) this.#moveIfBetter();
    this.#hashedBytes += bytes.length;
    return this.#moving ? this.#moving.then(() => this.#hash.update(bytes)) : this.#hash.update(bytes);
  }

  /** Ends it: lower-case hexadecimal digits. */
  async hex(): Promise<string> {
    await this.#moving;
    return await this.#hash.hex();
  }

  /** Gives it up. */
  [Symbol.dispose](): void {
    this.#hash[Symbol.dispose]();
  }

  #moveIfBetter(): void {
    const { effort, sizeBytes, reread } = this.#options;
    if (this.#hashedBytes > 0 && !reread) return;
    // What is behind would be hashed twice.
    const hash = effort.elsewhere(this.#algorithm, sizeBytes - 2 * this.#hashedBytes);
    if (!hash) return;
    this.#hash[Symbol.dispose]();
    this.#hash = hash;
    this.#isElsewhere = true;
    if (reread && this.#hashedBytes > 0) this.#moving = this.#catchUp(reread(this.#hashedBytes));
  }

  async #catchUp(passed: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of passed) await this.#hash.update(chunk);
  }
}

/**
 * Starts to hash a blob.
 *
 * @param algorithm As its digest names it.
 * @param options What decides where it is hashed.
 * @returns The hash, of nothing yet.
 */
export async function startBlobHash(
  algorithm: ShaAlgorithm,
  options: BlobHashOptions,
): Promise<BlobHash> {
  return new BlobHash(algorithm, await options.effort.here(algorithm), options);
}
