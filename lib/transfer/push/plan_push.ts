import { isPusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import { manifestsBottomUp, treesOf } from "../../spec/image.ts";
import type { VerifiableTarget } from "../ports.ts";
import { retryTelling, type TellingContext } from "../retry_telling.ts";
import { jobReference, type PushJob, reportedDigests, transferableBlobs } from "./push_job.ts";

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
  /** Bytes of plain layers that would be compressed: fewer are sent. */
  compressBytes: number;
}

/** What would happen to one image. */
export interface PlannedImage {
  /** `registry/repository:tag`. */
  reference: string;
  /** Digest of its manifest or index; unknown while layers of it are to be compressed. */
  digest?: Digest | undefined;
  /** Digest of the image in its archive, where something else is made of it. */
  archiveDigest?: Digest | undefined;
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
  /** What would be done with it. What would be compressed is sent under another digest, with fewer bytes. */
  action: "upload" | "exists" | "mount" | "compress";
}

/** What {@linkcode planPush} works with. */
export interface PlanContext extends TellingContext {
  /**
   * Blobs are sent even if the registry says it has them.
   *
   * @default {false}
   */
  isForced?: boolean | undefined;
  /** Layers that would be compressed. */
  pending?: ReadonlySet<Digest> | undefined;
}

/**
 * Finds out what a push would do by asking for every blob; nothing is sent.
 *
 * @param jobs What goes where.
 * @param context Retries and time.
 * @returns The plan. A mount is planned where another repository of the registry has the blob, or will by then.
 */
export async function planPush(jobs: readonly PushJob[], context: PlanContext): Promise<PushPlan> {
  const { pending = new Set() } = context;
  const holders = new Map<string, Set<string>>();
  const images: PlannedImage[] = [];
  for (const job of jobs) {
    const blobs: PlannedBlob[] = [];
    for (const blob of transferableBlobs(job.image)) {
      const key = `${job.target.registry} ${blob.digest}`;
      const names = holders.get(key) ?? new Set();
      const action = pending.has(blob.digest)
        ? "compress"
        : names.has(job.target.name)
        ? "exists"
        : await planBlob(job, blob, { ...context, names });
      blobs.push({ digest: blob.digest, sizeBytes: blob.size, action });
      holders.set(key, names.add(job.target.name));
    }
    const manifests = [...manifestsBottomUp(...treesOf(job.image))].length;
    const isKnown = blobs.every(({ action }) => action !== "compress");
    const digests = isKnown ? reportedDigests(job.image) : {};
    images.push({ reference: jobReference(job), ...digests, blobs, manifests });
  }
  const all = images.flatMap(({ blobs }) => blobs);
  return {
    images,
    uploadBytes: plannedBytes(all, "upload"),
    existingBytes: plannedBytes(all, "exists"),
    mountBytes: plannedBytes(all, "mount"),
    compressBytes: plannedBytes(all, "compress"),
  };
}

/**
 * How many bytes something would be done with.
 *
 * @param blobs Planned blobs.
 * @param action What.
 * @returns The sum of their sizes.
 */
export function plannedBytes(blobs: readonly PlannedBlob[], action: PlannedBlob["action"]): number {
  return blobs.reduce((bytes, blob) => bytes + (blob.action === action ? blob.sizeBytes : 0), 0);
}

async function planBlob(
  { target, mountFrom = [] }: PushJob,
  blob: Descriptor,
  context: PlanContext & { names: ReadonlySet<string> },
): Promise<PlannedBlob["action"]> {
  const { isForced = false, names } = context;
  if (isForced) return "upload";
  const has = (repository: VerifiableTarget): Promise<boolean> =>
    retryTelling(() => repository.hasBlob(blob, context.signal), repository.name, context);
  if (await has(target)) return "exists";
  if (names.size > 0) return "mount";
  const [source] = mountFrom;
  // A source that cannot be asked will not be mounted from either.
  const isMountable = source !== undefined &&
    await has(target.sibling(source)).catch((error) => isPusherError(error) ? false : Promise.reject(error));
  return isMountable ? "mount" : "upload";
}
