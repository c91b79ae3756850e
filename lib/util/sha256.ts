/** SHA-256 over bytes that come piece by piece. */
export interface Sha256 {
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
export async function createSha(algorithm: "sha256" | "sha512"): Promise<Sha256> {
  const { createHash } = await import("node:crypto");
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
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
