import { PusherError } from "../errors.ts";
import { LockError } from "../util/lock_file.ts";
import { printable } from "../util/printable.ts";
import { isDiskFull, systemReason } from "../util/system_reason.ts";

/**
 * The error for a layout in which something could not be written.
 *
 * @param path What was to be written.
 * @param cause What the system said.
 * @returns `STATE_UNWRITABLE`, to be thrown.
 */
export function layoutUnwritable(path: string, cause: unknown): PusherError<"STATE_UNWRITABLE"> {
  return new PusherError("STATE_UNWRITABLE", `Cannot write "${printable(path)}": ${systemReason(cause)}`, {
    detail: { path },
    hint: writingHint(cause),
    cause,
  });
}

function writingHint(cause: unknown): string {
  if (cause instanceof LockError) return "Use a directory on a disk that has file locks.";
  return isDiskFull(cause) ? "Free space on that disk." : "Check who may write there.";
}

/**
 * The error for a layout of which something could not be read.
 *
 * @param path What was to be read.
 * @param cause What the system said.
 * @returns `STATE_UNREADABLE`, to be thrown.
 */
export function layoutUnreadable(path: string, cause: unknown): PusherError<"STATE_UNREADABLE"> {
  return new PusherError("STATE_UNREADABLE", `Cannot read "${printable(path)}": ${systemReason(cause)}`, {
    detail: { path },
    hint: "Check who may read it, and the disk that it is on.",
    cause,
  });
}

/**
 * The error for a directory that is not the layout it should be.
 *
 * @param path The part of it that is wrong.
 * @param reason What is wrong with it.
 * @param hint What to do.
 * @returns `STATE_CORRUPT`, to be thrown.
 */
export function layoutCorrupt(path: string, reason: string, hint: string): PusherError<"STATE_CORRUPT"> {
  return new PusherError("STATE_CORRUPT", `Cannot read "${printable(path)}": ${printable(reason)}`, {
    detail: { path },
    hint,
  });
}

/**
 * Whether something failed because there is no such file.
 *
 * @param error What a `Deno` file function threw.
 * @returns Whether that is why.
 */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/**
 * Looks at a file that need not be there.
 *
 * @typeParam T What is found out.
 * @param path The file.
 * @param look Finds it out.
 * @returns That; `undefined` if there is no such file.
 * @throws {PusherError} `STATE_UNREADABLE`.
 */
export async function ifThere<T>(path: string, look: (path: string) => Promise<T>): Promise<T | undefined> {
  try {
    return await look(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw layoutUnreadable(path, error);
  }
}
