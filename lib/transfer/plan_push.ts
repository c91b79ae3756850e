import type { Digest } from "../spec/digest.ts";
import { manifestsBottomUp, treesOf } from "../spec/image.ts";
import { retry, type RetryContext } from "../util/retry.ts";
import { jobReference, type PushJob, transferableBlobs } from "./push_job.ts";

/** What a push would do, ready for JSON. */
export interface PushPlan {
  /** One for each image and target. */
  images: readonly PlannedImage[];
  /** Bytes that would be sent, over all targets. */
  uploadBytes: number;
  /** Bytes the registries have already. */
  existingBytes: number;
  /** Bytes one repository would take over from another. */
  mountBytes: number;
}

/** What would happen to one image. */
export interface PlannedImage {
  /** `registry/repository:tag`. */
  reference: string;
  /** Digest of its manifest or index. */
  digest: Digest;
  /** Its blobs. */
  blobs: readonly PlannedBlob[];
  /** Manifests and indexes that would be written. */
  manifests: number;
}

/** What would happen to one blob. */
export interface PlannedBlob {
  /** Which. */
  digest: Digest;
  /** Its size. */
  sizeBytes: number;
  /** What would be done with it. */
  action: "upload" | "exists" | "mount";
}

/**
 * Finds out what a push would do by asking for every blob; nothing is sent.
 *
 * @param jobs What goes where.
 * @param context Retries and time.
 * @returns The plan. A mount is planned where another repository of the registry will have the blob by then.
 */
export async function planPush(jobs: readonly PushJob[], context: RetryContext): Promise<PushPlan> {
  const holders = new Map<string, Set<string>>();
  const images: PlannedImage[] = [];
  for (const job of jobs) {
    const blobs: PlannedBlob[] = [];
    for (const blob of transferableBlobs(job.image)) {
      const key = `${job.target.registry} ${blob.digest}`;
      const names = holders.get(key) ?? new Set();
      const exists = names.has(job.target.name) ||
        await retry(() => job.target.hasBlob(blob, context.signal), context);
      const action = exists ? "exists" : names.size > 0 ? "mount" : "upload";
      blobs.push({ digest: blob.digest, sizeBytes: blob.size, action });
      holders.set(key, names.add(job.target.name));
    }
    const manifests = [...manifestsBottomUp(...treesOf(job.image))].length;
    images.push({ reference: jobReference(job), digest: job.image.root.descriptor.digest, blobs, manifests });
  }
  const sum = (action: PlannedBlob["action"]): number =>
    images.flatMap(({ blobs }) => blobs).reduce(
      (bytes, blob) => bytes + (blob.action === action ? blob.sizeBytes : 0),
      0,
    );
  return { images, uploadBytes: sum("upload"), existingBytes: sum("exists"), mountBytes: sum("mount") };
}
