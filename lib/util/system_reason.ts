import { printable } from "./printable.ts";

/**
 * Why the operating system refused, in its own words but without path and number: the part of a message that
 * follows *Cannot write "a.tar":*.
 *
 * @param error What a `Deno` file or process function threw.
 * @returns For example `permission denied` or `no space left on device`.
 *
 * @example Usage
 * ```ts
 * import { systemReason } from "./system_reason.ts";
 * import assert from "node:assert/strict";
 *
 * const error = new Deno.errors.NotFound("No such file or directory (os error 2): open 'a.tar'");
 * assert.equal(systemReason(error), "no such file or directory");
 * ```
 */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const reason = message.replace(/^Error: /, "").replace(/\.? \(os error \d+\).*$/s, "");
  return printable(reason.slice(0, 1).toLowerCase() + reason.slice(1));
}

/**
 * Whether a write failed because the disk, or the user's share of it, is full.
 *
 * @param error What a `Deno` file function threw.
 * @returns Whether freeing space would help.
 */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
