import assert from "node:assert/strict";
import fc from "fast-check";
import { PusherError } from "../../../../lib/errors.ts";
import {
  adaptPolicy,
  knownPolicy,
  type UploadPolicy,
} from "../../../../lib/transfer/upload/upload_policy.ts";
import { broken } from "../memory_target.ts";

const errors = fc.oneof(
  fc.constantFrom(400, 404, 405, 411, 413, 415, 416).map((status) =>
    new PusherError("REGISTRY_REJECTED", `answered ${status} too large`, {
      detail: { registry: "r", request: "PATCH /", status, errorCodes: [], unknownDigests: [] },
    })
  ),
  fc.constant(broken()),
);

Deno.test("adaptPolicy() comes to an end, whatever a registry refuses, and never goes back to what was refused", () => {
  const registries = fc.constantFrom("r.example", "ghcr.io", "gcr.io", "public.ecr.aws");
  fc.assert(
    fc.property(registries, fc.integer({ min: 1, max: 2 ** 40 }), fc.array(errors, { minLength: 1 }), (
      registry,
      sizeBytes,
      refusals,
    ) => {
      let policy: UploadPolicy = knownPolicy(registry);
      for (let failures = 2; failures < 200; failures++) {
        const { strategy, maxChunkBytes, maxBodyBytes } = policy;
        const bodyBytes = Math.min(
          sizeBytes,
          maxBodyBytes,
          strategy === "chunked" ? maxChunkBytes : Infinity,
        );
        const error = refusals[failures % refusals.length];
        const next = adaptPolicy(policy, { strategy, bodyBytes, offsetBytes: 0, failures, error });
        if (!next) return;
        assert.ok(!next.refused.includes(next.strategy), "a refused way is not taken again");
        assert.ok(next.maxChunkBytes <= policy.maxChunkBytes && next.maxBodyBytes <= policy.maxBodyBytes);
        assert.ok(next.maxChunkBytes > 0 && next.maxBodyBytes > 0);
        policy = next;
      }
      assert.fail("it never ends");
    }),
  );
});
