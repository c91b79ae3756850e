import assert from "node:assert/strict";
import { exitCodeOf } from "../../../lib/cli/exit_codes.ts";
import { type ErrorCode, type ErrorDetails, PusherError } from "../../../lib/errors.ts";

const EXPECTED: Readonly<Record<number, readonly ErrorCode[]>> = {
  2: ["USAGE", "REFERENCE_INVALID", "CONFIG_INVALID", "OUTPUT_EXISTS"],
  3: [
    "ARCHIVE_NOT_FOUND",
    "ARCHIVE_UNSUPPORTED",
    "ARCHIVE_CORRUPT",
    "IMAGE_NOT_FOUND",
    "RUNTIME_NOT_FOUND",
    "RUNTIME_FAILED",
    "OUTPUT_FAILED",
  ],
  4: ["AUTH_REQUIRED", "AUTH_DENIED"],
  5: ["NETWORK", "TLS", "TIMEOUT"],
  6: ["REGISTRY_REJECTED", "REGISTRY_UNSUPPORTED", "REGISTRY_UNAVAILABLE"],
  7: ["DIGEST_MISMATCH"],
  8: ["STATE_CORRUPT", "STATE_UNREADABLE", "STATE_LOCKED", "STATE_UNWRITABLE"],
  9: ["PARTIAL"],
  70: ["INTERNAL"],
  130: ["CANCELED"],
};

for (const [exitCode, codes] of Object.entries(EXPECTED)) {
  Deno.test(`exitCodeOf() is ${exitCode} for ${codes.join(", ")}`, () => {
    for (const code of codes) {
      const error = new PusherError(code, "Cannot", { detail: {} as ErrorDetails[typeof code] });
      assert.equal(exitCodeOf(error), Number(exitCode), code);
    }
  });
}

Deno.test("exitCodeOf() is 70 for whatever only a bug can throw", () => {
  for (const bug of [new TypeError("x is undefined"), "text", undefined]) assert.equal(exitCodeOf(bug), 70);
});
