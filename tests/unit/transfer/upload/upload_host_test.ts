import assert from "node:assert/strict";
import type { UploadSession } from "../../../../lib/transfer/ports.ts";
import type { UploadHabits } from "../../../../lib/transfer/upload/upload_habits.ts";
import { UploadHost, type UploadHostOptions } from "../../../../lib/transfer/upload/upload_host.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryTarget, MemoryUpload, refusal } from "../memory_target.ts";

const MIB = 2 ** 20;

function hostOf(overrides: Partial<UploadHostOptions> = {}): UploadHost {
  return new UploadHost({ registry: "r.example", concurrency: 3, clock: new FakeClock(), ...overrides });
}

function session(limits: { min?: number; max?: number; offset?: number } = {}): UploadSession {
  const target = new MemoryTarget();
  target.minChunkBytes = limits.min ?? 0;
  target.maxChunkBytes = limits.max ?? Infinity;
  const upload = new MemoryUpload(target);
  upload.offsetBytes = limits.offset ?? 0;
  return upload;
}

Deno.test("partBytes() finds the size that user, link and registry agree on", () => {
  const cases: [string, Partial<UploadHostOptions>, Parameters<typeof session>[0], number][] = [
    ["the link's", {}, {}, 10 * MIB],
    ["the user's", { chunkSizeBytes: 32 * MIB }, {}, 32 * MIB],
    ["the registry's smallest", {}, { min: 25 * MIB }, 25 * MIB],
    ["the registry's largest", {}, { max: 3 * MIB }, 3 * MIB],
    ["the registry's largest against the user's", { chunkSizeBytes: 32 * MIB }, { max: 3 * MIB }, 3 * MIB],
    ["GHCR's largest", { registry: "ghcr.io", chunkSizeBytes: 32 * MIB }, {}, 4 * MIB],
    ["Amazon's smallest", { registry: "public.ecr.aws", chunkSizeBytes: MIB }, {}, 5 * MIB],
    ["what was learned", { habits: { strategy: "chunked", maxChunkBytes: MIB } }, {}, MIB],
    [
      "what was learned, within what is known",
      {
        registry: "ghcr.io",
        habits: { strategy: "chunked", maxChunkBytes: 50 * MIB },
      },
      {},
      4 * MIB,
    ],
  ];
  for (const [whose, options, limits, bytes] of cases) {
    assert.equal(hostOf(options).partBytes(session(limits)), bytes, whose);
  }
});

Deno.test("strategyFor() sends in one request what fits into one", () => {
  const cases: [Partial<UploadHostOptions>, number, Parameters<typeof session>[0], string][] = [
    [{}, 0, {}, "single"],
    [{}, 10 * MIB, {}, "single"],
    [{}, 10 * MIB + 1, {}, "chunked"],
    [{}, 10 * MIB + 1, { min: 20 * MIB }, "single"],
    [{}, 5 * MIB, { max: MIB }, "chunked"],
    [{}, 5, { offset: 1 }, "chunked"],
    [{ registry: "ghcr.io" }, 500 * MIB, {}, "single"],
    [{ registry: "gcr.io" }, 500 * MIB, {}, "single"],
    [{ habits: { strategy: "streamed" } }, 500 * MIB, {}, "streamed"],
    [{ habits: { strategy: "streamed" } }, 5 * MIB, {}, "single"],
  ];
  for (const [options, sizeBytes, limits, strategy] of cases) {
    assert.equal(
      hostOf(options).strategyFor(sizeBytes, session(limits)),
      strategy,
      JSON.stringify([options, sizeBytes]),
    );
  }
});

Deno.test("learn() changes what is done next, and tells what is worth remembering", () => {
  const told: UploadHabits[] = [];
  const host = hostOf({ onLearned: (habits) => told.push(habits) });
  const attempt = { strategy: "chunked", offsetBytes: 0, failures: 1 } as const;
  assert.equal(host.learn({ ...attempt, bodyBytes: 10 * MIB, error: refusal(413, "", false) }), true);
  assert.equal(host.partBytes(session()), 5 * MIB);
  assert.equal(host.strategyFor(8 * MIB, session()), "chunked", "no request may be larger");
  assert.equal(host.learn({ ...attempt, bodyBytes: 5 * MIB, error: refusal(405, "", false) }), true);
  assert.equal(host.strategyFor(5 * MIB, session()), "single");
  assert.equal(host.learn({ ...attempt, bodyBytes: 5 * MIB, error: refusal(403, "", false) }), false);
  const limits = { maxChunkBytes: 5 * MIB, maxBodyBytes: 5 * MIB };
  assert.deepEqual(told, [
    { strategy: "chunked", ...limits },
    { strategy: "streamed", refused: ["chunked"], ...limits },
  ]);
});

Deno.test("strategyFor() begins with what the user said, even where an earlier run was refused it", () => {
  const habits: UploadHabits = { strategy: "single", refused: ["streamed"] };
  assert.equal(hostOf({ habits }).strategyFor(64 * MIB, session()), "single");
  const host = hostOf({ habits, strategy: "streamed" });
  assert.equal(host.strategyFor(64 * MIB, session()), "streamed");
  const failed = { strategy: "streamed", bodyBytes: 64 * MIB, offsetBytes: 0, failures: 1 } as const;
  assert(host.learn({ ...failed, error: refusal(405, "UNSUPPORTED", false) }));
  assert.equal(host.strategyFor(64 * MIB, session()), "chunked");
});
