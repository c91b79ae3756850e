import { isPusherError } from "../../errors.ts";
import type { Digest } from "../../spec/digest.ts";
import { DocumentError } from "../../spec/documents.ts";
import { type ManifestNode, manifestsBottomUp } from "../../spec/image.ts";
import { referrersTag, withReferrer } from "../../spec/referrers.ts";
import type { EventSink } from "../events.ts";
import { explainRefusal } from "./manifest_refusal.ts";
import type { PushJob } from "./push_job.ts";

/** How {@linkcode putManifests} asks and tells. */
export interface ManifestContext {
  /** Ends it. */
  signal: AbortSignal;
  /** Told of every manifest that is there. */
  onEvent: EventSink;
  /** Sends a request that is safe to repeat, until there is an answer. */
  ask: <T>(request: () => Promise<T>) => Promise<T>;
}

/**
 * Stores the manifests of an image: from the bottom up, then what refers to them, the tag last.
 *
 * @param job What goes where; its blobs are there.
 * @param context Asks and is told.
 * @throws {PusherError} The first failure; there is no new tag then.
 */
export async function putManifests(job: PushJob, context: ManifestContext): Promise<void> {
  const { image: { root, referrers = [] }, tag } = job;
  for (const manifest of manifestsBottomUp(root)) {
    // What refers to the root needs it to be there before the tag is.
    const isLast = manifest === root && referrers.length === 0;
    await putManifest(manifest, isLast ? tag : undefined, job, context);
  }
  for (const manifest of manifestsBottomUp(...referrers)) {
    await putManifest(manifest, undefined, job, context);
  }
  if (referrers.length > 0 && tag !== undefined) await putManifest(root, tag, job, context);
}

async function putManifest(
  manifest: ManifestNode,
  tag: string | undefined,
  job: PushJob,
  context: ManifestContext,
): Promise<void> {
  const { target, image } = job;
  const { descriptor, bytes, subject } = manifest;
  const { ask, onEvent, signal } = context;
  try {
    const listedAt = await ask(() => target.putManifest(descriptor, bytes, tag, signal));
    if (subject && !listedAt) await listReferrer(manifest, subject.digest, job, context);
  } catch (error) {
    if (tag === undefined || !isProtected(error)) throw explainRefusal(error, manifest, image.root);
    // A tag that is written once may be what it should be: pushed before, or just now with the answer lost.
    const found = await ask(() => target.manifestDigest(tag, signal));
    if (found !== descriptor.digest) throw error;
  }
  const { digest, mediaType, size: sizeBytes } = descriptor;
  onEvent({ type: "manifest:done", target: target.name, digest, mediaType, sizeBytes });
}

/**
 * Lists a manifest under the tag that stands for what refers to its subject, as clients do for registries without the
 * referrers API. A registry that will not have the list has the image all the same.
 */
async function listReferrer(
  referrer: ManifestNode,
  subject: Digest,
  { target }: PushJob,
  { ask, onEvent, signal }: ManifestContext,
): Promise<void> {
  const tag = referrersTag(subject);
  try {
    const index = await withReferrer(await ask(() => target.getManifest(tag, signal)), referrer);
    if (index) await ask(() => target.putManifest(index.descriptor, index.bytes, tag, signal));
  } catch (error) {
    if (!(error instanceof DocumentError) && !isPusherError(error, "REGISTRY_REJECTED")) throw error;
    const name = `${target.name}:${tag}`;
    const message = `Cannot list what refers to ${subject} as "${name}": ${error.message}`;
    onEvent({ type: "warning", message });
  }
}

/** The registry refused to write a tag that is there already. */
function isProtected(error: unknown): boolean {
  if (!isPusherError(error, "REGISTRY_REJECTED")) return false;
  const { status, errorCodes } = error.detail;
  return errorCodes.includes("TAG_INVALID") || status === 409 || status === 412;
}
