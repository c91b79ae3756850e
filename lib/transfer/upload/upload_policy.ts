import { isPusherError } from "../../errors.ts";
import { smallerChunk } from "./link_gauge.ts";

/**
 * How a blob goes out: `chunked` in ranged PATCHes, which can be continued; `streamed` in one PATCH, as classic docker
 * does; `single` in one PUT.
 */
export type UploadStrategy = "chunked" | "streamed" | "single";

/** What a registry, and the proxies in front of it, take. */
export interface UploadPolicy {
  /** For blobs that do not fit into one request of {@linkcode maxChunkBytes}. */
  strategy: UploadStrategy;
  /** Strategies this registry has refused. */
  refused: readonly UploadStrategy[];
  /** Smallest part, except for the last. */
  minChunkBytes: number;
  /** Largest part of a ranged upload. */
  maxChunkBytes: number;
  /** Largest body of any request: above it a proxy says 413. */
  maxBodyBytes: number;
  /** Whether the last part belongs into the closing PUT. */
  isLastPartInCommit: boolean;
  /** Whether the session's status can be asked and believed. */
  isStatusTrusted: boolean;
}

const MIB = 2 ** 20;

/** For registries nothing special is known of. */
export const DEFAULT_POLICY: UploadPolicy = {
  strategy: "chunked",
  refused: [],
  minChunkBytes: 0,
  maxChunkBytes: Infinity,
  maxBodyBytes: Infinity,
  isLastPartInCommit: false,
  isStatusTrusted: true,
};

/**
 * What is known of some registries beforehand.
 *
 * @param registry Host, with port if any.
 * @returns The policy to begin with.
 */
export function knownPolicy(registry: string): UploadPolicy {
  // GitHub answers 416 to a ranged PATCH above 4 MiB (https://github.com/oras-project/rust-oci-client/pull/37).
  if (registry === "ghcr.io") return { ...DEFAULT_POLICY, strategy: "single", maxChunkBytes: 4 * MIB };
  // Google takes a blob in one body only (https://github.com/dotnet/sdk-container-builds/pull/287).
  if (/(?:^|\.)gcr\.io$|\.pkg\.dev$/.test(registry)) {
    return { ...DEFAULT_POLICY, strategy: "single", refused: ["chunked"] };
  }
  // Amazon: parts of 5 to 10 MiB, the last one in the PUT (https://github.com/dotnet/sdk-container-builds/issues/424),
  // and a Range that stays at the first part (https://github.com/aws/containers-roadmap/issues/2831).
  if (/^\d{12}\.dkr[.-]ecr[.-]|^public\.ecr\.aws$|^ecr-public\.aws\.com$/.test(registry)) {
    return {
      ...DEFAULT_POLICY,
      minChunkBytes: 5 * MIB,
      maxChunkBytes: 10 * MIB,
      isLastPartInCommit: true,
      isStatusTrusted: false,
    };
  }
  return DEFAULT_POLICY;
}

/** A request that carried a blob, or a part of one, and failed. */
export interface FailedTransfer {
  /** How it was sent. */
  strategy: UploadStrategy;
  /** Size of its body. */
  bodyBytes: number;
  /** Bytes that were durable before it. */
  offsetBytes: number;
  /** What was thrown. */
  error: unknown;
  /** Failures in a row without progress, this one included. */
  failures: number;
}

/**
 * What to do otherwise after a failure. Pure: the caller remembers what was learned.
 *
 * @param policy What was believed.
 * @param failed What failed.
 * @returns What to believe now, or `undefined` if the failure teaches nothing.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 */
export function adaptPolicy(policy: UploadPolicy, failed: FailedTransfer): UploadPolicy | undefined {
  const { strategy, bodyBytes, offsetBytes, error, failures } = failed;
  const status = isPusherError(error, "REGISTRY_REJECTED") ? error.detail.status : undefined;
  if (status === 413) return withSmallerBodies(policy, bodyBytes);
  if (status === 416 && strategy === "chunked" && isTooLarge(error)) {
    return withSmallerChunks(policy, bodyBytes);
  }
  if (isDigestFault(error)) return undefined;
  if (status === 405 || status === 411 || status === 415) return refuse(policy, strategy);
  if (status === 400 && strategy === "chunked" && bodyBytes === 0 && !isAboutContent(error)) {
    // An empty commit that is refused: the last part may be wanted with it, as Amazon does.
    return policy.isLastPartInCommit ? undefined : { ...policy, isLastPartInCommit: true };
  }
  // Also what a registry says that has lost the session: believed of the strategy only when it says it again.
  const isUnclear = status === 400 && !isAboutContent(error) || status === 404 || status === 416;
  const isRefusal = isUnclear && offsetBytes === 0 && (failures >= 2 || !isRetryable(error));
  return isRefusal ? refuse(policy, strategy) : undefined;
}

/**
 * The policy for a link that breaks: parts can be continued, a blob in one body starts over.
 *
 * @param policy What is believed.
 * @returns The same with parts, or `undefined` where the registry takes none.
 */
export function chunkInstead(policy: UploadPolicy): UploadPolicy | undefined {
  return policy.refused.includes("chunked") ? undefined : { ...policy, strategy: "chunked" };
}

function withSmallerBodies(policy: UploadPolicy, bodyBytes: number): UploadPolicy | undefined {
  const sizeBytes = smallerChunk(bodyBytes);
  if (sizeBytes === undefined) return undefined;
  // Another blob may have found a lower limit meanwhile.
  const maxBodyBytes = Math.min(policy.maxBodyBytes, sizeBytes);
  const maxChunkBytes = Math.min(policy.maxChunkBytes, maxBodyBytes);
  return chunkInstead({ ...policy, maxBodyBytes, maxChunkBytes });
}

function withSmallerChunks(policy: UploadPolicy, bodyBytes: number): UploadPolicy | undefined {
  const sizeBytes = smallerChunk(bodyBytes);
  if (sizeBytes === undefined) return undefined;
  return { ...policy, maxChunkBytes: Math.min(policy.maxChunkBytes, sizeBytes) };
}

function refuse(policy: UploadPolicy, strategy: UploadStrategy): UploadPolicy | undefined {
  const refused = [...new Set([...policy.refused, strategy])];
  const order: readonly UploadStrategy[] = ["chunked", "streamed", "single"];
  const next = order.find((candidate) => !refused.includes(candidate));
  return next && { ...policy, strategy: next, refused };
}

/** A 400 that names what is wrong with the blob says nothing of how it was sent. */
function isAboutContent(error: unknown): boolean {
  return isPusherError(error, "REGISTRY_REJECTED") &&
    error.detail.errorCodes.some((code) => /^(?:SIZE|NAME|DIGEST|TAG|MANIFEST)_|^DENIED$/.test(code));
}

function isRetryable(error: unknown): boolean {
  return isPusherError(error) && error.retryable;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && /too large|exceeds|maximum/i.test(error.message);
}

function isDigestFault(error: unknown): boolean {
  return isPusherError(error, "REGISTRY_REJECTED") && error.detail.errorCodes.includes("DIGEST_INVALID");
}
