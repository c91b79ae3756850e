import { PusherError } from "../errors.ts";
import { formatByteSize } from "../util/byte_size.ts";
import { printable } from "../util/printable.ts";
import { isDiskFull, systemReason } from "../util/system_reason.ts";

/**
 * The error for an archive that could not be written.
 *
 * @param path The archive.
 * @param cause What the system said.
 * @param expectedBytes About how much space it needs, if that is known.
 * @returns `OUTPUT_FAILED`, to be thrown.
 */
export function outputFailed(
  path: string,
  cause: unknown,
  expectedBytes?: number,
): PusherError<"OUTPUT_FAILED"> {
  const need = expectedBytes ? ` (the image takes about ${formatByteSize(expectedBytes)})` : "";
  return new PusherError("OUTPUT_FAILED", `Cannot write "${printable(path)}": ${systemReason(cause)}`, {
    detail: { path },
    hint: isDiskFull(cause)
      ? `Free space on that disk${need}, or choose another one with --output-dir.`
      : "Choose a directory you can write with --output-dir.",
    cause,
  });
}
