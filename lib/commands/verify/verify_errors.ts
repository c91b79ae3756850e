/**
 * The errors of what turned out to be different or damaged.
 *
 * @module
 */

import { PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import type { CheckedArchive } from "./verify_archives.ts";
import type { ComparedImage } from "./verify_targets.ts";

/**
 * The error of an image that its registry does not hold as it should.
 *
 * @param image What was found.
 * @param what Which image or images, as the message begins; the image alone by default.
 * @returns The error, about the first difference.
 */
export function differentImage(
  { reference, differences }: ComparedImage,
  what: string = `"${printable(reference)}": ${differences.length} of its parts ${
    differences.length === 1 ? "is" : "are"
  } missing or different`,
): PusherError<"DIGEST_MISMATCH"> {
  const { digest, found = "missing", kind } = differences[0]!;
  return new PusherError("DIGEST_MISMATCH", `Cannot verify ${what}`, {
    detail: { expected: digest, actual: found, entry: kind },
    hint: differences.some(({ problem }) => problem === "other size" || problem === "other content")
      ? "Push again with --force, which sends blobs even if the registry says it has them."
      : "Push the image again: only what is missing is sent.",
  });
}

/**
 * The error of an archive that is damaged.
 *
 * @param archive What was found.
 * @param what Which archive or archives, as the message begins; the archive alone by default.
 * @returns The error, about the first damage.
 */
export function damagedArchive(
  { path, damage }: CheckedArchive,
  what: string = `"${printable(path)}": it is damaged in ${damage.length} place${
    damage.length === 1 ? "" : "s"
  }`,
): PusherError<"ARCHIVE_CORRUPT"> {
  const { entry } = damage[0]!;
  return new PusherError("ARCHIVE_CORRUPT", `Cannot verify ${what}`, {
    detail: { path, ...(entry === undefined ? {} : { entry }) },
    hint: "Save the image again, or copy the archive again from where it came from.",
  });
}
