import assert from "node:assert/strict";
import { habitsOf, type UploadHabits, withHabits } from "../../../../lib/transfer/upload/upload_habits.ts";
import { DEFAULT_POLICY, knownPolicy } from "../../../../lib/transfer/upload/upload_policy.ts";

const MIB = 2 ** 20;

Deno.test("habitsOf() keeps what was learned, and withHabits() gives it back", () => {
  const policy = {
    ...DEFAULT_POLICY,
    strategy: "streamed",
    refused: ["chunked"],
    maxChunkBytes: 4 * MIB,
    maxBodyBytes: 5 * MIB,
    isLastPartInCommit: true,
  } as const;
  const habits: UploadHabits = JSON.parse(JSON.stringify(habitsOf(policy)));
  assert.deepEqual(withHabits(DEFAULT_POLICY, habits), policy);
});

Deno.test("habitsOf() leaves out what says nothing", () => {
  assert.deepEqual(habitsOf(DEFAULT_POLICY), { strategy: "chunked" });
});

Deno.test("withHabits() lets nothing through that is known to be refused", () => {
  const habits: UploadHabits = { strategy: "single", refused: ["streamed"], maxChunkBytes: 50 * MIB };
  const google = withHabits(knownPolicy("gcr.io"), habits);
  assert.deepEqual(google.refused, ["chunked", "streamed"]);
  const amazon = withHabits(knownPolicy("public.ecr.aws"), { strategy: "chunked" });
  assert.deepEqual([amazon.isLastPartInCommit, amazon.maxChunkBytes], [true, 10 * MIB]);
  assert.equal(withHabits(knownPolicy("ghcr.io"), habits).maxChunkBytes, 4 * MIB);
});
