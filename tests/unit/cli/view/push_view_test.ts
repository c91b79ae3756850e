import assert from "node:assert/strict";
import { planOutcome, pushOutcome } from "../../../../lib/cli/view/push_view.ts";
import { isPusherError, PusherError } from "../../../../lib/errors.ts";
import { shortDigest } from "../../../../lib/cli/ui/measures.ts";
import type { PushPlan } from "../../../../lib/transfer/push/plan_push.ts";
import type { PushReport } from "../../../../lib/transfer/progress/report.ts";
import { digest } from "../../transfer/progress/progress_events.ts";

const MIB = 2 ** 20;
const PUSHED = {
  reference: "registry.example.com/app:1",
  digest: digest("a"),
  mediaType: "application/vnd.oci.image.manifest.v1+json",
};

function outcome(report: Partial<PushReport>): ReturnType<typeof pushOutcome> {
  return pushOutcome({
    pushed: [PUSHED],
    failures: [],
    sentBytes: 100 * MIB,
    existingBytes: 20 * MIB,
    mountedBytes: 0,
    resumedBytes: 0,
    retries: 0,
    durationMs: 10_000,
    ...report,
  });
}

Deno.test("pushOutcome() names each tag with the digest behind it", () => {
  const { lines, summary, error } = outcome({});
  assert.deepEqual(lines, [`registry.example.com/app:1@${digest("a")}`]);
  assert.equal(
    summary,
    "Pushed registry.example.com/app:1: 100 MiB sent, 20.0 MiB already there, in 10s (10.0 MiB/s)",
  );
  assert.equal(error, undefined);
});

Deno.test("pushOutcome() says what was mounted, left by earlier runs, and tried again", () => {
  const { summary } = outcome({ mountedBytes: 3 * MIB, resumedBytes: 7 * MIB, retries: 2 });
  assert.equal(
    summary,
    "Pushed registry.example.com/app:1: 100 MiB sent, 20.0 MiB already there, 3.00 MiB mounted, " +
      "7.00 MiB left by earlier runs, in 10s (10.0 MiB/s), after 2 retries",
  );
  assert.match(outcome({ retries: 1 }).summary!, /, after 1 retry$/);
});

Deno.test("pushOutcome() does not repeat the digest of an image pushed without a tag", () => {
  const reference = `registry.example.com/app@${digest("a")}`;
  assert.deepEqual(outcome({ pushed: [{ ...PUSHED, reference }] }).lines, [reference]);
});

Deno.test("pushOutcome() claims no rate when nothing was sent", () => {
  const { summary } = outcome({ sentBytes: 0, pushed: [PUSHED, PUSHED], durationMs: 0 });
  assert.equal(summary, "Pushed 2 images: nothing sent, 20.0 MiB already there, in 0.00s");
});

Deno.test("pushOutcome() reports what failed beside what went through", () => {
  const cause = new PusherError("AUTH_DENIED", 'Cannot push "b.example/app:1": 403', {
    detail: { registry: "b.example", status: 403 },
  });
  const { error, lines } = outcome({ failures: [{ reference: "b.example/app:1", error: cause }] });
  assert.equal(lines.length, 1);
  assert(isPusherError(error, "PARTIAL"));
  assert.equal(error.message, "Cannot push 1 of 2 images");
  assert.deepEqual(error.detail, { failures: [{ target: "b.example/app:1", error: cause }], succeeded: 1 });
});

Deno.test("planOutcome() shows what would be done with each blob, sums for each target, and sums of all", () => {
  const plan: PushPlan = {
    images: [{
      reference: "r.example/app:1",
      digest: digest("a"),
      blobs: [
        { digest: digest("b"), sizeBytes: 10 * MIB, action: "upload" },
        { digest: digest("c"), sizeBytes: 20 * MIB, action: "mount" },
        { digest: digest("d"), sizeBytes: 30 * MIB, action: "exists" },
      ],
      manifests: 2,
    }],
    uploadBytes: 10 * MIB,
    mountBytes: 20 * MIB,
    existingBytes: 30 * MIB,
    compressBytes: 0,
  };
  const { lines, summary, report, error } = planOutcome(plan);
  assert.deepEqual(lines, [
    `r.example/app:1@${digest("a")}`,
    `  upload  ${shortDigest(digest("b"))}  10.0 MiB`,
    `  mount   ${shortDigest(digest("c"))}  20.0 MiB`,
    `  exists  ${shortDigest(digest("d"))}  30.0 MiB`,
    "  upload 10.0 MiB, mount 20.0 MiB, exists 30.0 MiB; 2 manifests",
  ]);
  assert.equal(summary, "Would send 10.0 MiB, 20.0 MiB to mount; 30.0 MiB already there");
  assert.equal(report, plan);
  assert.equal(error, undefined);
});

Deno.test("planOutcome() of nothing says that all is there", () => {
  const nothing = { images: [], uploadBytes: 0, mountBytes: 0, existingBytes: 0, compressBytes: 0 };
  assert.equal(planOutcome(nothing).summary, "Nothing to send: everything is there already");
});

Deno.test("planOutcome() says what would be compressed, whose size and digest nobody knows yet", () => {
  const { lines, summary } = planOutcome({
    images: [{
      reference: "r.example/app:1",
      blobs: [
        { digest: digest("b"), sizeBytes: 10 * MIB, action: "compress" },
        { digest: digest("c"), sizeBytes: 20 * MIB, action: "upload" },
      ],
      manifests: 1,
    }],
    uploadBytes: 20 * MIB,
    mountBytes: 0,
    existingBytes: 0,
    compressBytes: 10 * MIB,
  });
  assert.deepEqual(lines, [
    "r.example/app:1",
    `  compress  ${shortDigest(digest("b"))}  10.0 MiB`,
    `  upload    ${shortDigest(digest("c"))}  20.0 MiB`,
    "  compress 10.0 MiB, upload 20.0 MiB, mount 0 B, exists 0 B; 1 manifest",
  ]);
  assert.equal(
    summary,
    "Would send 20.0 MiB and what 10.0 MiB of layers become when they are compressed; 0 B already there",
  );
});
