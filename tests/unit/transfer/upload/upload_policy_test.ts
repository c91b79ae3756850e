import assert from "node:assert/strict";
import { PusherError } from "../../../../lib/errors.ts";
import {
  adaptPolicy,
  chunkInstead,
  DEFAULT_POLICY,
  type FailedTransfer,
  knownPolicy,
  type UploadPolicy,
} from "../../../../lib/transfer/upload/upload_policy.ts";

const MIB = 2 ** 20;

/** As an upload session marks what may be its own end. */
function lost(status: number): PusherError {
  const { message, detail } = rejected(status);
  return new PusherError("REGISTRY_REJECTED", message, { detail, retryable: true });
}

function rejected(status: number, text = "no", ...errorCodes: string[]): PusherError<"REGISTRY_REJECTED"> {
  return new PusherError("REGISTRY_REJECTED", `Cannot upload: the registry answered ${status} ${text}`, {
    detail: { registry: "r.example", request: "PATCH /v2/app", status, errorCodes, unknownDigests: [] },
  });
}

function failed(error: unknown, overrides: Partial<FailedTransfer> = {}): FailedTransfer {
  return { strategy: "chunked", bodyBytes: 10 * MIB, offsetBytes: 0, failures: 1, error, ...overrides };
}

/** What changes after a failure. */
function learned(failure: FailedTransfer, policy = DEFAULT_POLICY): Partial<UploadPolicy> | undefined {
  const next = adaptPolicy(policy, failure);
  if (!next) return undefined;
  const changes = Object.entries(next).filter(([key, value]) => policy[key as keyof UploadPolicy] !== value);
  return Object.fromEntries(changes);
}

Deno.test("nothing is held against a registry beforehand", () => {
  assert.deepEqual(DEFAULT_POLICY, {
    strategy: "chunked",
    refused: [],
    minChunkBytes: 0,
    maxChunkBytes: Infinity,
    maxBodyBytes: Infinity,
    isLastPartInCommit: false,
    isStatusTrusted: true,
  });
});

Deno.test("knownPolicy() knows the registries that need it, and none that only look like them", () => {
  const ecr = {
    minChunkBytes: 5 * MIB,
    maxChunkBytes: 10 * MIB,
    isLastPartInCommit: true,
    isStatusTrusted: false,
  };
  const cases: [string, Partial<UploadPolicy>][] = [
    ["ghcr.io", { strategy: "single", maxChunkBytes: 4 * MIB }],
    ["gcr.io", { strategy: "single", refused: ["chunked"] }],
    ["eu.gcr.io", { strategy: "single", refused: ["chunked"] }],
    ["europe-west3-docker.pkg.dev", { strategy: "single", refused: ["chunked"] }],
    ["123456789012.dkr.ecr.eu-central-1.amazonaws.com", ecr],
    ["123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", ecr],
    ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", ecr],
    ["public.ecr.aws", ecr],
    ["docker.io", {}],
    ["localhost:5000", {}],
    ["evilgcr.io", {}],
    ["gcr.io.example.com", {}],
    ["pkg.dev", {}],
    ["ghcr.io.example.com", {}],
    ["xpublic.ecr.aws", {}],
    ["12.dkr.ecr.example.com", {}],
  ];
  for (const [registry, policy] of cases) {
    assert.deepEqual(knownPolicy(registry), { ...DEFAULT_POLICY, ...policy }, registry);
  }
});

Deno.test("a body that is too large is halved, down to what any proxy takes", () => {
  const sizes: [number, number | undefined][] = [
    [200, 100],
    [100, 50],
    [50, 20],
    [20, 10],
    [10, 5],
    [5, 4],
    [4, 1],
    [1, undefined],
  ];
  for (const [mib, smallerMib] of sizes) {
    const bytes = smallerMib && smallerMib * MIB;
    const bodyBytes = mib * MIB;
    const expected = bytes && { maxBodyBytes: bytes, maxChunkBytes: bytes };
    assert.deepEqual(learned(failed(rejected(413), { bodyBytes })), expected, `413 at ${mib} MiB`);
    const tooLarge = failed(rejected(416, "request body too large"), { bodyBytes });
    assert.deepEqual(learned(tooLarge), bytes && { maxChunkBytes: bytes }, `416 at ${mib} MiB`);
  }
});

Deno.test("a single request that is too large is sent in parts from then on", () => {
  const policy = knownPolicy("ghcr.io");
  const failure = failed(rejected(413), { strategy: "single", bodyBytes: 100 * MIB });
  assert.deepEqual(learned(failure, policy), { strategy: "chunked", maxBodyBytes: 50 * MIB });
  assert.equal(learned(failure, knownPolicy("gcr.io")), undefined, "unless parts are refused");
});

Deno.test("a way that is refused is given up for the next", () => {
  for (const status of [405, 411, 415]) {
    assert.deepEqual(learned(failed(rejected(status))), { strategy: "streamed", refused: ["chunked"] });
  }
  const withoutParts: UploadPolicy = { ...DEFAULT_POLICY, strategy: "streamed", refused: ["chunked"] };
  assert.deepEqual(learned(failed(rejected(405), { strategy: "streamed" }), withoutParts), {
    strategy: "single",
    refused: ["chunked", "streamed"],
  });
  const onlySingle: UploadPolicy = { ...withoutParts, strategy: "single", refused: ["chunked", "streamed"] };
  assert.equal(learned(failed(rejected(405), { strategy: "single" }), onlySingle), undefined);
});

Deno.test("an answer that a lost session explains as well is believed the second time, at the start only", () => {
  for (const status of [400, 404, 416]) {
    assert.equal(learned(failed(lost(status))), undefined);
    assert.equal(learned(failed(lost(status), { failures: 2, offsetBytes: 10 * MIB })), undefined);
    assert.deepEqual(learned(failed(lost(status), { failures: 2 })), {
      strategy: "streamed",
      refused: ["chunked"],
    });
  }
});

Deno.test("an answer that nothing else explains is believed at once", () => {
  assert.deepEqual(learned(failed(rejected(400))), { strategy: "streamed", refused: ["chunked"] });
});

Deno.test("some failures teach nothing about the way", () => {
  const errors = [
    rejected(400, "no", "DIGEST_INVALID"),
    rejected(403),
    rejected(409),
    new PusherError("AUTH_DENIED", "no", { detail: { registry: "r.example", status: 403 } }),
    new PusherError("DIGEST_MISMATCH", "no", { detail: { expected: "a", actual: "b" } }),
    new PusherError("REGISTRY_UNAVAILABLE", "no", {
      detail: { registry: "r", request: "PATCH /", status: 503, errorCodes: [], unknownDigests: [] },
      retryable: true,
    }),
    new TypeError("a bug"),
    undefined,
  ];
  for (const error of errors) {
    for (const failures of [1, 2, 5]) {
      assert.equal(learned(failed(error, { failures })), undefined, String(error));
    }
  }
});

Deno.test("chunkInstead() prefers parts where the registry takes them", () => {
  assert.equal(chunkInstead(knownPolicy("ghcr.io"))?.strategy, "chunked");
  assert.equal(chunkInstead(knownPolicy("gcr.io")), undefined);
});
