import { type Digest, sha256Digest } from "../spec/digest.ts";

/**
 * A file of this name claims to be what its digest says: docker 25 and later, containers/image, go-containerregistry,
 * jib, and directories of skopeo's `dir:`.
 */
const DIGEST_NAME_REGEXP = /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.tar(?:\.gz|\.zst)?)?$/;

/**
 * The digest that a file claims to have by its name.
 *
 * @param name Its normal name.
 * @returns The digest of its bytes as they are; `undefined` if the name says nothing of it.
 */
export function claimedDigest(name: string): Digest | undefined {
  const hex = DIGEST_NAME_REGEXP.exec(name)?.[1];
  return hex === undefined ? undefined : sha256Digest(hex);
}
