import { PusherError } from "../../errors.ts";
import { parseByteSize } from "../../util/byte_size.ts";
import { printable } from "../../util/printable.ts";

const MIN_RATE_BYTES = 1_000;

/**
 * Reads the value of `--limit-rate`.
 *
 * @param text For example `10MB` or `10MB/s`.
 * @returns Bytes per second.
 * @throws {PusherError} `USAGE` if it is no size, or less than 1 KB.
 */
export function parseRate(text: string): number {
  const bytesPerSecond = parseByteSize(text.replace(/\/s$/, ""));
  if (bytesPerSecond !== undefined && bytesPerSecond >= MIN_RATE_BYTES) return bytesPerSecond;
  throw new PusherError(
    "USAGE",
    `Cannot use --limit-rate "${printable(text)}": it is not a size from 1KB, for each second`,
    {
      detail: { option: "--limit-rate" },
      hint: "Give a size from 1KB, for each second, or leave --limit-rate out.",
    },
  );
}
