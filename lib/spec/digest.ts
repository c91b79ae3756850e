import { createSha, sha256Hex, type ShaAlgorithm } from "../util/sha256.ts";

/**
 * A checked `sha256:<64 hex>` or `sha512:<128 hex>`: safe in URLs and file names.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export type Digest = string & { readonly brand: "Digest" };

const DIGEST_REGEXP = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/**
 * Whether text is a digest of an algorithm this tool can verify.
 *
 * @param text Text of any origin.
 * @returns Whether it is, narrowing the type.
 */
export function isDigest(text: string): text is Digest {
  return DIGEST_REGEXP.test(text);
}

/**
 * Makes a digest from the hexadecimal digits of a SHA-256.
 *
 * @param hex 64 lower-case hexadecimal digits.
 * @returns `sha256:<hex>`.
 * @throws {RangeError} If `hex` is anything else.
 */
export function sha256Digest(hex: string): Digest {
  const digest = `sha256:${hex}`;
  if (!isDigest(digest)) throw new RangeError(`Cannot make a digest as 'hex' must be 64 digits: "${hex}"`);
  return digest;
}

/**
 * The digest of bytes that are all there.
 *
 * @param bytes For example a manifest.
 * @returns `sha256:<hex>`.
 */
export async function digestOf(bytes: Uint8Array): Promise<Digest> {
  return sha256Digest(await sha256Hex(bytes));
}

/**
 * The digest of bytes, made as another one was.
 *
 * @param bytes For example a manifest.
 * @param digest The other one: the same, if it is of these bytes.
 * @returns The digest.
 */
export async function digestLike(bytes: Uint8Array, digest: Digest): Promise<Digest> {
  const algorithm = algorithmOf(digest);
  const hash = await createSha(algorithm);
  hash.update(bytes);
  return `${algorithm}:${hash.hex()}` as Digest;
}

/**
 * What a digest is made with.
 *
 * @param digest Any digest.
 * @returns Its algorithm.
 */
export function algorithmOf(digest: Digest): ShaAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/**
 * The first twelve digits, as docker shows them.
 *
 * @param digest Any digest.
 * @returns Twelve hexadecimal digits.
 */
export function shortDigest(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 12);
}
