import assert from "node:assert/strict";
import { archivesOutcome, targetsOutcome } from "../../../../lib/cli/view/verify_view.ts";
import type { ComparedImage } from "../../../../lib/commands/verify/verify_targets.ts";
import { isPusherError, PusherError } from "../../../../lib/errors.ts";
import { sha256Digest } from "../../../../lib/spec/digest.ts";

const DIGEST = sha256Digest("a".repeat(64));
const EQUAL: ComparedImage = {
  reference: "r.example/app:1",
  digest: DIGEST,
  manifests: 1,
  blobs: 2,
  sizeBytes: 3_000,
  readBytes: 0,
  differences: [],
};
const DIFFERENT: ComparedImage = {
  ...EQUAL,
  reference: "r.example/other:1",
  differences: [
    { kind: "tag", digest: DIGEST, sizeBytes: 500, problem: "other digest", found: "sha256:\u001b[31m" },
    {
      kind: "layer",
      layer: 2,
      platform: "linux/amd64",
      digest: DIGEST,
      sizeBytes: 2_048,
      problem: "missing",
    },
  ],
};
const FAILURE = {
  reference: "s.example/app:1",
  error: new PusherError("NETWORK", "Cannot reach s.example", {
    detail: { registry: "s.example", request: "GET" },
  }),
};

Deno.test("targetsOutcome() shows what is equal in a line each", () => {
  const { lines, summary, error } = targetsOutcome({
    isEqual: true,
    targets: [EQUAL],
    failures: [],
    durationMs: 1_200,
  });
  assert.deepEqual(lines, [`r.example/app:1@${DIGEST} equal`]);
  assert.equal(summary, "Compared 1 manifest and 2 blobs (2.93 KiB) of 1 image, in 1.2s: all equal");
  assert.equal(error, undefined);
});

Deno.test("targetsOutcome() shows a table with totals of what is missing or different, and fails", () => {
  const { lines, error } = targetsOutcome({
    isEqual: false,
    targets: [EQUAL, DIFFERENT],
    failures: [FAILURE],
    durationMs: 1,
  });
  assert.deepEqual(lines, [
    `r.example/app:1@${DIGEST} equal`,
    `r.example/other:1@${DIGEST} different`,
    "  tag                     aaaaaaaaaaaa     500 B  other digest: sha256:\\u{1b}[31m",
    "  layer 2 of linux/amd64  aaaaaaaaaaaa  2.00 KiB  missing",
    "  1 missing (2.00 KiB), 1 different",
    "s.example/app:1 unknown: Cannot reach s.example",
  ]);
  assert.ok(isPusherError(error, "DIGEST_MISMATCH"));
  assert.match(error.message, /^Cannot verify 1 of 3 images: /);
});

Deno.test("targetsOutcome() fails as a registry does that cannot be asked, or in part", () => {
  const alone = targetsOutcome({ isEqual: false, targets: [], failures: [FAILURE], durationMs: 1 });
  assert.equal(alone.error, FAILURE.error);
  const partly = targetsOutcome({ isEqual: false, targets: [EQUAL], failures: [FAILURE], durationMs: 1 });
  assert.ok(isPusherError(partly.error, "PARTIAL"));
});

Deno.test("archivesOutcome() shows each archive, what it lacks and what is damaged, and fails", () => {
  const whole = {
    path: "a.tar",
    format: "oci-archive",
    images: 1,
    blobs: 3,
    sizeBytes: 2_048,
    lacks: [],
    damage: [],
  };
  const damage = [
    { entry: "blobs/sha256/1", part: "layer 1 of linux/amd64", problem: "its content is sha256:2" },
    { problem: "the file ends inside \u001b" },
  ];
  assert.equal(archivesOutcome({ isWhole: true, archives: [whole], durationMs: 1 }).error, undefined);
  const { lines, error } = archivesOutcome({
    isWhole: false,
    archives: [{ ...whole, lacks: ["linux/arm64"] }, { ...whole, path: "b.tar", damage }],
    durationMs: 1,
  });
  assert.deepEqual(lines, [
    "a.tar: oci-archive, 1 image, 3 blobs, 2.00 KiB, whole",
    "  lacks linux/arm64, which its index lists",
    "b.tar: oci-archive, 1 image, 3 blobs, 2.00 KiB, 2 damaged",
    "  layer 1 of linux/amd64, blobs/sha256/1: its content is sha256:2",
    "  the file ends inside \\u{1b}",
  ]);
  assert.ok(isPusherError(error, "ARCHIVE_CORRUPT"));
});
