import { printable } from "../util/printable.ts";
import type { ArchiveEntries } from "./archive_entries.ts";
import { corruptArchive, unsupportedArchive } from "./archive_error.ts";
import { type Compression, sniffCompression } from "./compression/compression.ts";

const SAVE_HINT = "Save an image with docker save or podman save.";

const DECOMPRESS_HINTS: Readonly<Record<Compression, string>> = {
  gzip: "Decompress it first: gzip -dc FILE > image.tar",
  zstd: "Decompress it first: zstd -dc FILE > image.tar",
  bzip2: "Decompress it first: bzip2 -dc FILE > image.tar",
  xz: "Decompress it first: xz -dc FILE > image.tar",
  lz4: "Decompress it first: lz4 -dc FILE > image.tar",
};

/** Parts of a layout that are there before its list of images: most tools write that last. */
const IMAGE_PART_REGEXP = /^(?:oci-layout$|blobs\/sha256\/|[0-9a-f]{64}(?:\.|\/))/;

/** Directories at the root of every Linux file system. */
const ROOT_DIRECTORY_REGEXP = /^(?:bin|etc|usr|var)(?:\/|$)/;

/** The list of images inside a directory. */
const NESTED_INDEX_REGEXP = /^([^/]+)\/(?:manifest|index)\.json$/;

/**
 * Says what a file is that is no tar archive.
 *
 * @param path The file.
 * @param start Its first bytes.
 * @returns The error.
 */
export function notTar(path: string, start: Uint8Array): Error {
  if (start.length === 0) {
    return unsupportedArchive(path, {
      found: "empty file",
      reason: "the file is empty",
      hint: "The command that should have written it probably failed: run it again and look at its messages.",
    });
  }
  const compression = sniffCompression(start);
  if (!compression) {
    return unsupportedArchive(path, { found: "unknown", reason: "it is not a tar archive", hint: SAVE_HINT });
  }
  return unsupportedArchive(path, {
    found: compression,
    reason: `it is compressed with ${compression}`,
    hint: DECOMPRESS_HINTS[compression],
  });
}

/**
 * Says what an archive is that lists no images.
 *
 * @param entries What it consists of.
 * @returns The error.
 */
export async function notImageArchive(entries: ArchiveEntries): Promise<Error> {
  const { path, kind } = entries;
  const names = [...await entries.names()];
  if (names.includes("repositories")) {
    return unsupportedArchive(path, {
      found: "docker save before 1.10",
      reason: "it has no manifest.json: docker before 1.10 wrote it",
      hint: "Load it with a docker from 1.10 to 24, which can read it, and save it again.",
    });
  }
  if (names.some((name) => IMAGE_PART_REGEXP.test(name))) {
    const lack = names.includes("index.json") ? "no oci-layout" : "neither manifest.json nor index.json";
    return corruptArchive(path, `it has parts of an image but ${lack}, which come last: it looks cut off`);
  }
  if (names.some((name) => ROOT_DIRECTORY_REGEXP.test(name))) {
    return unsupportedArchive(path, {
      found: "root filesystem",
      reason: "it is a root filesystem, not an image",
      hint: "Use docker save on an image instead of docker export on a container, or docker import it first.",
    });
  }
  const directory = names.map((name) => NESTED_INDEX_REGEXP.exec(name)?.[1]).find((found) => found);
  if (directory !== undefined) return nestedArchive(entries, directory);
  return unsupportedArchive(path, {
    found: kind,
    reason: names.length === 0 ? `it is a ${kind} without entries` : `it is a ${kind}, but of no image`,
    hint: SAVE_HINT,
  });
}

function nestedArchive({ path, kind }: ArchiveEntries, directory: string): Error {
  return unsupportedArchive(path, {
    found: "archive within a directory",
    reason: `its files lie in the directory "${directory}" instead of at the top`,
    hint: kind === "directory"
      ? `Name that directory instead: ${printable(path)}/${printable(directory)}`
      : "Unpack it and pack it again from within that directory: tar -C DIRECTORY -cf image.tar .",
  });
}
