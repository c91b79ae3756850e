/** The lengths of SHA-2 that digests are made with. */
export type ShaAlgorithm = "sha256" | "sha512";

/** A hash over bytes that come piece by piece, wherever it is computed. Disposing it gives it up. */
export interface StreamHash extends Disposable {
  /**
   * Adds bytes.
   *
   * @param bytes The next ones.
   * @returns Until when they must stay as they are, if not only for this call.
   */
  update(bytes: Uint8Array): void | Promise<void>;
  /** Ends it: lower-case hexadecimal digits. */
  hex(): string | Promise<string>;
}

/** SHA-2 computed here and now. */
export interface Sha256 extends StreamHash {
  /** Adds bytes; they may be reused by the caller afterwards. */
  update(bytes: Uint8Array): void;
  /** Ends it: 64 lower-case hexadecimal digits. */
  hex(): string;
}

/**
 * Starts an incremental SHA-256. `node:crypto` is loaded on first use because it costs tens of milliseconds, and is
 * used because `crypto.subtle` cannot hash piece by piece.
 *
 * @returns A fresh hash.
 */
export async function createSha256(): Promise<Sha256> {
  return await createSha("sha256");
}

/**
 * Starts an incremental SHA-2 of either length.
 *
 * @param algorithm As digests name it.
 * @returns A fresh hash; a SHA-512 has 128 digits.
 */
export async function createSha(algorithm: ShaAlgorithm): Promise<Sha256> {
  const { createHash } = await import("node:crypto");
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    hex: () => hash.digest("hex"),
    [Symbol.dispose]: () => {},
  };
}

/**
 * Hashes bytes that are all there.
 *
 * @param bytes What to hash.
 * @returns 64 lower-case hexadecimal digits.
 */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const hash = await createSha256();
  hash.update(bytes);
  return hash.hex();
}
