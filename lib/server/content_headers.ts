import type { Digest } from "../spec/digest.ts";

/**
 * The headers of content that is named by its digest.
 *
 * @param digest Its digest.
 * @param content Its type and size.
 * @returns Type, length, digest, and an ETag made of it.
 */
export function contentHeaders(
  digest: Digest,
  { mediaType, sizeBytes }: { mediaType: string; sizeBytes: number },
): Record<string, string> {
  return {
    "Content-Type": mediaType,
    "Content-Length": `${sizeBytes}`,
    "Docker-Content-Digest": digest,
    "ETag": etagOf(digest),
  };
}

/**
 * The tag that names a version of content, as HTTP has it.
 *
 * @param digest Digest of the content.
 * @returns The digest in quotes.
 */
export function etagOf(digest: Digest): string {
  return `"${digest}"`;
}

/**
 * Whether a client has the content already.
 *
 * @param request May have `If-None-Match`.
 * @param digest Digest of the content.
 * @returns Whether 304 is the answer.
 */
export function isKnownToClient({ headers }: Request, digest: Digest): boolean {
  const known = headers.get("if-none-match")?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return known !== undefined && (known.includes(etagOf(digest)) || known.includes("*"));
}
