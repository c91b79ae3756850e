import { type ErrorCode, isPusherError } from "../errors.ts";

/** What the process ends with for each error; scripts rely on it. */
const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  USAGE: 2,
  REFERENCE_INVALID: 2,
  CONFIG_INVALID: 2,
  OUTPUT_EXISTS: 2,
  ARCHIVE_NOT_FOUND: 3,
  ARCHIVE_UNSUPPORTED: 3,
  ARCHIVE_CORRUPT: 3,
  IMAGE_NOT_FOUND: 3,
  RUNTIME_NOT_FOUND: 3,
  RUNTIME_FAILED: 3,
  OUTPUT_FAILED: 3,
  AUTH_REQUIRED: 4,
  AUTH_DENIED: 4,
  HELPER_FAILED: 4,
  NETWORK: 5,
  TLS: 5,
  TIMEOUT: 5,
  REGISTRY_REJECTED: 6,
  REGISTRY_UNSUPPORTED: 6,
  REGISTRY_UNAVAILABLE: 6,
  DIGEST_MISMATCH: 7,
  STATE_CORRUPT: 8,
  STATE_UNREADABLE: 8,
  STATE_LOCKED: 8,
  STATE_UNWRITABLE: 8,
  PARTIAL: 9,
  INTERNAL: 70,
  CANCELED: 130,
};

/**
 * The exit code of a failure.
 *
 * @param error Whatever was thrown.
 * @returns 2 to 130; 2 also for a missing permission of Deno's, 70 for what only a bug can throw.
 *
 * @example Usage
 * ```ts
 * import { exitCodeOf } from "./exit_codes.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(exitCodeOf(new TypeError("x is not a function")), 70);
 * ```
 */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Deno.errors.NotCapable) return EXIT_CODES.USAGE;
  return EXIT_CODES[isPusherError(error) ? error.code : "INTERNAL"];
}
