import assert from "node:assert/strict";
import { copyOutcome } from "../../../../lib/cli/view/copy_view.ts";
import { isPusherError, PusherError } from "../../../../lib/errors.ts";
import { type Digest, sha256Digest } from "../../../../lib/spec/digest.ts";

const DIGEST: Digest = sha256Digest("ab".repeat(32));
const TOTALS = {
  sentBytes: 2 ** 20,
  existingBytes: 0,
  mountedBytes: 0,
  resumedBytes: 0,
  retries: 0,
  durationMs: 1_000,
};

function copied(reference: string, isUnchanged = false) {
  return { source: "r.example/app:1", reference, digest: DIGEST, isUnchanged };
}

Deno.test("copyOutcome() gives a line for each tag, and for what has none its digest", () => {
  const references = ["x.example/app:1", `x.example/app@${DIGEST}`];
  const outcome = copyOutcome({ copied: references.map((each) => copied(each)), failures: [], ...TOTALS });
  assert.deepEqual(outcome.lines, [`x.example/app:1@${DIGEST}`, `x.example/app@${DIGEST}`]);
  assert.equal(outcome.summary, "Copied 2 images: 1.00 MiB sent, in 1.0s (1.00 MiB/s)");
  assert.equal(outcome.error, undefined);
});

Deno.test("copyOutcome() says what was there already", () => {
  const summary = (...unchanged: boolean[]): string | undefined =>
    copyOutcome({
      copied: unchanged.map((each, at) => copied(`x.example/app:${at}`, each)),
      failures: [],
      ...TOTALS,
    })
      .summary;
  assert.equal(summary(true), "Nothing to copy: x.example/app:0 is there already");
  assert.equal(summary(true, true), "Nothing to copy: 2 images are there already");
  assert.match(summary(true, false) ?? "", /^Copied 2 images \(1 of them there already\): 1\.00 MiB sent/);
});

Deno.test("copyOutcome() ends with an error if something failed beside", () => {
  const error = new PusherError("AUTH_DENIED", "Cannot push", {
    detail: { registry: "y.example", status: 403 },
  });
  const failures = [{ reference: "y.example/app:1", error }];
  const outcome = copyOutcome({ copied: [copied("x.example/app:1")], failures, ...TOTALS });
  assert.ok(isPusherError(outcome.error, "PARTIAL"));
  assert.equal(outcome.error.message, "Cannot copy 1 of 2 images");
});
