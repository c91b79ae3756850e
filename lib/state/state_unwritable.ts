import { PusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";
import { isDiskFull, systemReason } from "../util/system_reason.ts";

/**
 * The error for a state file or directory that could not be written.
 *
 * @param path What was to be written.
 * @param cause What the system said.
 * @returns `STATE_UNWRITABLE`, to be thrown.
 */
export function stateUnwritable(path: string, cause: unknown): PusherError<"STATE_UNWRITABLE"> {
  return new PusherError("STATE_UNWRITABLE", `Cannot write "${printable(path)}": ${systemReason(cause)}`, {
    detail: { path },
    hint: isDiskFull(cause)
      ? "Free space on that disk, or keep state elsewhere with --state-dir."
      : "Check who may write there, or keep state elsewhere with --state-dir.",
    cause,
  });
}
