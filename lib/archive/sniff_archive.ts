import { type Compression, sniffCompression } from "./compression/compression.ts";
import { hasTarChecksum } from "./tar/tar_header.ts";

/**
 * Tells how a tar archive is compressed. Its first file may be called like a magic number, so a header is looked for
 * first.
 *
 * @param start Its first block, or less if that is all.
 * @returns The compression; `undefined` if it has none that is known.
 */
export function sniffArchive(start: Uint8Array): Compression | undefined {
  return hasTarChecksum(start) ? undefined : sniffCompression(start);
}
