import type { UploadPolicy, UploadStrategy } from "./upload_policy.ts";

/** What was learned of a registry, to be remembered from run to run; what is absent was not learned. */
export interface UploadHabits {
  /** What large blobs are sent by. */
  strategy: UploadStrategy;
  /** Strategies it refused. */
  refused?: readonly UploadStrategy[] | undefined;
  /** Largest part of a ranged upload it takes. */
  maxChunkBytes?: number | undefined;
  /** Largest body of any request it takes. */
  maxBodyBytes?: number | undefined;
  /** Whether it wants the last part in the closing PUT. */
  isLastPartInCommit?: boolean | undefined;
}

/**
 * The part of a policy that is worth remembering.
 *
 * @param policy What is believed of a registry.
 * @returns The same without what says nothing.
 */
export function habitsOf(policy: UploadPolicy): UploadHabits {
  const { strategy, refused, maxChunkBytes, maxBodyBytes, isLastPartInCommit } = policy;
  return {
    strategy,
    ...(refused.length > 0 ? { refused } : {}),
    ...(Number.isFinite(maxChunkBytes) ? { maxChunkBytes } : {}),
    ...(Number.isFinite(maxBodyBytes) ? { maxBodyBytes } : {}),
    ...(isLastPartInCommit ? { isLastPartInCommit } : {}),
  };
}

/**
 * The policy to begin with, where an earlier run has learned something.
 *
 * @param known What is known of the registry beforehand.
 * @param habits What was learned.
 * @returns The stricter of both.
 */
export function withHabits(known: UploadPolicy, habits: UploadHabits): UploadPolicy {
  return {
    ...known,
    strategy: habits.strategy,
    refused: [...new Set([...known.refused, ...habits.refused ?? []])],
    maxChunkBytes: Math.min(known.maxChunkBytes, habits.maxChunkBytes ?? Infinity),
    maxBodyBytes: Math.min(known.maxBodyBytes, habits.maxBodyBytes ?? Infinity),
    isLastPartInCommit: known.isLastPartInCommit || (habits.isLastPartInCommit ?? false),
  };
}
