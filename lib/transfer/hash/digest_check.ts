import { PusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import { algorithmOf, type Digest } from "../../spec/digest.ts";
import type { StreamHash } from "../../util/sha256.ts";
import { startBlobHash } from "./blob_hash.ts";
import type { HashEffort } from "./hash_effort.ts";
import type { BlobSource } from "../ports.ts";

/** Makes the error for a blob with the digest `actual` instead of `expected`. */
type MismatchError = (expected: Digest, actual: string) => PusherError<"DIGEST_MISMATCH">;

/**
 * Hashes a blob while it passes, each byte once, the first time anybody sees it. All readers of a blob share one:
 * whoever comes to its last byte hears the verdict first.
 */
export class DigestCheck implements Disposable {
  #blob: Descriptor;
  #hash: StreamHash;
  /** How far the hash has come, or will have with what it was given. */
  #hashedBytes = 0;
  /** What comes out, once everything has passed. */
  #verdict: Promise<void> | undefined;
  #mismatch: MismatchError;

  /**
   * Starts; {@linkcode startDigestCheck} finds the hash.
   *
   * @param blob What is to be verified.
   * @param hash A fresh hash of the algorithm that the blob's digest names.
   * @param mismatch Makes the error; by default it is the archive that is to blame.
   */
  constructor(blob: Descriptor, hash: StreamHash, mismatch: MismatchError = otherBytes) {
    this.#blob = blob;
    this.#hash = hash;
    this.#mismatch = mismatch;
  }

  /**
   * Takes note of bytes that pass.
   *
   * @param bytes Some of the blob's.
   * @param positionBytes Where in the blob they are.
   * @returns When they may go on, if not at once.
   * @throws {PusherError} `DIGEST_MISMATCH` if they are the last, and all together are not the blob.
   */
  pass(bytes: Uint8Array, positionBytes: number): void | Promise<void> {
    const endBytes = positionBytes + bytes.length;
    let hashing: void | Promise<void> = undefined;
    // What an earlier process sent is not read again: then the registry alone verifies the digest.
    if (positionBytes <= this.#hashedBytes && endBytes > this.#hashedBytes) {
      hashing = this.#hash.update(bytes.subarray(this.#hashedBytes - positionBytes));
      this.#hashedBytes = endBytes;
    }
    const isAll = endBytes === this.#blob.size && this.#hashedBytes === endBytes;
    return isAll ? this.#verdict ??= this.#judge(hashing) : hashing;
  }

  /** Gives the hash up. */
  [Symbol.dispose](): void {
    this.#hash[Symbol.dispose]();
  }

  async #judge(hashing: void | Promise<void>): Promise<void> {
    await hashing;
    const { digest } = this.#blob;
    const actual = `${algorithmOf(digest)}:${await this.#hash.hex()}`;
    if (actual !== digest) throw this.#mismatch(digest, actual);
  }
}

/**
 * Makes the error for a blob whose bytes are not what its digest says.
 *
 * @param expected The digest it should have.
 * @param actual The digest it has.
 * @returns The error.
 */
export function otherBytes(expected: Digest, actual: string): PusherError<"DIGEST_MISMATCH"> {
  return new PusherError(
    "DIGEST_MISMATCH",
    `Cannot send blob ${expected}: the archive holds other bytes, ${actual}`,
    { detail: { expected, actual }, hint: "The archive was damaged or changed: save or copy it again." },
  );
}

/**
 * Starts to verify a blob.
 *
 * @param blob What is to be verified.
 * @param options Where it is, and who decides in which thread it is hashed.
 * @returns The check, with nothing seen yet.
 */
export async function startDigestCheck(
  blob: Descriptor,
  { source, effort }: { source: BlobSource; effort: HashEffort },
): Promise<DigestCheck> {
  const hash = await startBlobHash(algorithmOf(blob.digest), {
    effort,
    sizeBytes: blob.size,
    reread: source.isRemote ? undefined : (lengthBytes) => source.openBlob(blob, { lengthBytes }),
  });
  return new DigestCheck(blob, hash, source.wrongContent);
}
