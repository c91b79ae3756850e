import { PusherError } from "../errors.ts";
import { formatByteSize } from "../util/byte_size.ts";
import { printable } from "../util/printable.ts";
import { isDiskFull, systemReason } from "../util/system_reason.ts";

/**
 * The error for an archive that could not be written.
 *
 * @param path The archive.
 * @param cause What the system said.
 * @param options What its hint should say.
 * @param options.expectedBytes About how much space it needs, if that is known.
 * @param options.option The option that chooses another place; `--output-dir` by default.
 * @returns `OUTPUT_FAILED`, to be thrown.
 */
export function outputFailed(
  path: string,
  cause: unknown,
  { expectedBytes, option = "--output-dir" }: { expectedBytes?: number | undefined; option?: string } = {},
): PusherError<"OUTPUT_FAILED"> {
  const need = expectedBytes ? ` (the image takes about ${formatByteSize(expectedBytes)})` : "";
  return new PusherError("OUTPUT_FAILED", `Cannot write "${printable(path)}": ${systemReason(cause)}`, {
    detail: { path },
    hint: isDiskFull(cause)
      ? `Free space on that disk${need}, or choose another one with ${option}.`
      : `Choose a place you can write to with ${option}.`,
    cause,
  });
}
