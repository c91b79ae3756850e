import assert from "node:assert/strict";
import { isPusherError, PusherError } from "../../lib/errors.ts";

Deno.test("PusherError carries code, detail and hint, and is final unless it says otherwise", () => {
  const cause = new Error("underneath");
  const error = new PusherError("TIMEOUT", 'Cannot reach "r.example": too slow', {
    detail: { registry: "r.example", request: "GET /v2/", timeoutMs: 5 },
    hint: "Wait.",
    cause,
  });
  assert.equal(error.name, "PusherError");
  assert.equal(error.code, "TIMEOUT");
  assert.equal(error.detail.timeoutMs, 5);
  assert.equal(error.hint, "Wait.");
  assert.equal(error.cause, cause);
  assert.equal(error.retryable, false);
  const again = new PusherError("INTERNAL", "x", { detail: {}, retryable: true });
  assert.equal(again.retryable, true);
  assert.equal("cause" in again, false, "an absent cause is not an own property");
});

Deno.test("isPusherError() tells codes apart and takes nothing else for one", () => {
  const error = new PusherError("INTERNAL", "x", { detail: {} });
  assert.equal(isPusherError(error), true);
  assert.equal(isPusherError(error, "INTERNAL"), true);
  assert.equal(isPusherError(error, "USAGE"), false);
  const lookalikes: unknown[] = [
    new Error("x"),
    Object.assign(new Error("x"), { name: "PusherError", code: "INTERNAL" }),
    { ...error },
    undefined,
    null,
    "PusherError",
  ];
  for (const lookalike of lookalikes) assert.equal(isPusherError(lookalike), false, String(lookalike));
});

Deno.test("isPusherError() knows an error of another copy of the module", async () => {
  const copy = await import("../../lib/errors.ts?copy");
  const error = new copy.PusherError("USAGE", "x", { detail: {} });
  assert.equal(error instanceof PusherError, false, "the copy is a class of its own");
  assert.equal(isPusherError(error, "USAGE"), true);
});
