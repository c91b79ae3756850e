import { PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import { createSha, type Sha256 } from "../util/sha256.ts";

/**
 * Hashes a blob while it passes, each byte once, the first time anybody sees it. All readers of a blob share one:
 * whoever comes to its last byte hears the verdict first.
 */
export class DigestCheck {
  #blob: Descriptor;
  #hash: Sha256;
  /** How far the hash has come. */
  #hashedBytes = 0;
  /** The digest of what passed, once everything has. */
  #actual: string | undefined;

  /**
   * Starts; {@linkcode startDigestCheck} finds the hash.
   *
   * @param blob What is to be verified.
   * @param hash A fresh hash of the algorithm that the blob's digest names.
   */
  constructor(blob: Descriptor, hash: Sha256) {
    this.#blob = blob;
    this.#hash = hash;
  }

  /**
   * Takes note of bytes that pass.
   *
   * @param bytes Some of the blob's.
   * @param positionBytes Where in the blob they are.
   * @throws {PusherError} `DIGEST_MISMATCH` if they are the last, and all together are not the blob.
   */
  pass(bytes: Uint8Array, positionBytes: number): void {
    const endBytes = positionBytes + bytes.length;
    // What an earlier process sent is not read again: then the registry alone verifies the digest.
    if (positionBytes <= this.#hashedBytes && endBytes > this.#hashedBytes) {
      this.#hash.update(bytes.subarray(this.#hashedBytes - positionBytes));
      this.#hashedBytes = endBytes;
    }
    if (endBytes === this.#blob.size && this.#hashedBytes === endBytes) this.#judge();
  }

  #judge(): void {
    const { digest } = this.#blob;
    const actual = this.#actual ??= `${digest.split(":")[0]}:${this.#hash.hex()}`;
    if (actual !== digest) throw otherBytes(digest, actual);
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
 * @returns The check, with nothing seen yet.
 */
export async function startDigestCheck(blob: Descriptor): Promise<DigestCheck> {
  return new DigestCheck(blob, await createSha(blob.digest.startsWith("sha512:") ? "sha512" : "sha256"));
}
