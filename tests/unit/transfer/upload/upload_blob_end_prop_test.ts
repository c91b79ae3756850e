import assert from "node:assert/strict";
import fc from "fast-check";
import { isPusherError, PusherError } from "../../../../lib/errors.ts";
import { uploadBlob } from "../../../../lib/transfer/upload/upload_blob.ts";
import { UploadHost } from "../../../../lib/transfer/upload/upload_host.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { dryBlob, DryTarget, UNREAD_SOURCE } from "../dry_target.ts";
import { broken, refusal } from "../memory_target.ts";
import { readAlone } from "../push/read_alone.ts";

const MIB = 2 ** 20;
const MAX_CALLS = 5_000;

const busy = new PusherError("REGISTRY_UNAVAILABLE", "Cannot upload: the registry answered 503", {
  detail: { registry: "r.example", request: "PATCH /", status: 503, errorCodes: [], unknownDigests: [] },
  retryable: true,
});

/** Whatever a registry, a proxy or a link may do at each request; most go well. */
const answers = fc.oneof(
  { weight: 6, arbitrary: fc.constant("yes" as const) },
  { weight: 1, arbitrary: fc.constant("no" as const) },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      broken(),
      busy,
      refusal(400, "SIZE_INVALID", false),
      refusal(400, "DIGEST_INVALID", false),
      refusal(404, "BLOB_UPLOAD_UNKNOWN", true),
      refusal(405, "UNSUPPORTED", false),
      refusal(413, "", false),
      refusal(416, "request body too large", true),
      refusal(416, "RANGE_INVALID", true),
    ),
  },
);

Deno.test("uploadBlob() comes to an end, whatever happens again and again", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("r.example", "ghcr.io", "gcr.io", "public.ecr.aws"),
      fc.integer({ min: 0, max: 120 }),
      fc.option(fc.constantFrom(1, 5, 10, 50), { nil: undefined }),
      fc.array(answers, { minLength: 1, maxLength: 12 }),
      async (registry, sizeMib, chunkMib, schedule) => {
        const target = new DryTarget(registry);
        target.answer = () => {
          if (target.calls.length > MAX_CALLS) throw new Error("it never ends");
          const answer = schedule[target.calls.length % schedule.length]!;
          if (answer !== "yes" && answer !== "no") throw answer;
          return answer === "yes";
        };
        const clock = new FakeClock({ autoAdvance: true });
        const chunkSizeBytes = chunkMib && chunkMib * MIB;
        try {
          const blob = dryBlob(sizeMib * MIB);
          await uploadBlob(blob, {
            ...readAlone(UNREAD_SOURCE, blob, clock),
            target,
            host: new UploadHost({ registry, concurrency: 1, chunkSizeBytes, clock }),
            clock,
            policy: { attempts: 5, firstDelayMs: 1, maxDelayMs: 1, maxServerDelayMs: 1 },
            random: () => 0.5,
            signal: new AbortController().signal,
            onEvent: () => {},
          });
        } catch (error) {
          assert.ok(isPusherError(error), String(error));
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
