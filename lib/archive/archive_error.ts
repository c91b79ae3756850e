import { PusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";

const SAVE_AGAIN_HINT =
  "Save the image again: a save that was interrupted, or ran out of disk, leaves such a file.";

/** What to say beside the reason that an archive is damaged. */
export interface CorruptArchiveOptions {
  /** The entry at fault. */
  entry?: string | undefined;
  /** Where in the file. */
  offsetBytes?: number;
  /**
   * What to do.
   *
   * @default {to save the image again}
   */
  hint?: string;
  /** The error underneath. */
  cause?: unknown;
}

/**
 * Makes the error for an archive that is damaged or contradicts itself.
 *
 * @param path The archive.
 * @param reason Why, in lower case; text from the archive may be part of it as it is.
 * @param options Entry, offset, hint, cause.
 * @returns The error.
 */
export function corruptArchive(
  path: string,
  reason: string,
  options: CorruptArchiveOptions = {},
): PusherError<"ARCHIVE_CORRUPT"> {
  const { entry, offsetBytes, hint = SAVE_AGAIN_HINT, cause } = options;
  return new PusherError("ARCHIVE_CORRUPT", `Cannot open "${printable(path)}": ${printable(reason)}`, {
    detail: {
      path,
      ...(entry === undefined ? {} : { entry }),
      ...(offsetBytes === undefined ? {} : { offsetBytes }),
    },
    hint,
    cause,
  });
}

/**
 * Makes the error for a file that is no image archive, or of a kind this tool does not read.
 *
 * @param path The file.
 * @param why `found` names for programs what it is, `reason` says it to people, `hint` what to do.
 * @returns The error.
 */
export function unsupportedArchive(
  path: string,
  why: { found: string; reason: string; hint: string },
): PusherError<"ARCHIVE_UNSUPPORTED"> {
  return new PusherError(
    "ARCHIVE_UNSUPPORTED",
    `Cannot open "${printable(path)}": ${printable(why.reason)}`,
    { detail: { path, found: why.found }, hint: why.hint },
  );
}

/**
 * Makes the error for an archive that cannot be opened at all.
 *
 * @param path The archive.
 * @param cause What the system said.
 * @returns The error.
 */
export function unreadableArchive(path: string, cause: unknown): PusherError<"ARCHIVE_NOT_FOUND"> {
  const denied = cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable;
  const missing = cause instanceof Deno.errors.NotFound;
  const [reason, hint] = missing ? ["no such file", "Check the path."] : denied
    ? [
      "permission denied",
      "Make it readable for this user, and for deno if that runs with limited permissions.",
    ]
    : [printable(String((cause as Error)?.message ?? cause)), "Check the path and the disk it is on."];
  return new PusherError("ARCHIVE_NOT_FOUND", `Cannot open "${printable(path)}": ${reason}`, {
    detail: { path },
    hint,
    ...(missing || denied ? {} : { cause }),
  });
}
