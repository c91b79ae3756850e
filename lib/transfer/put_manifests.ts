import { isPusherError, PusherError } from "../errors.ts";
import { DocumentError } from "../spec/documents.ts";
import { type ManifestNode, manifestsBottomUp } from "../spec/image.ts";
import { referrersTag, withReferrer } from "../spec/referrers.ts";
import type { EventSink } from "./events.ts";
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
  const { target } = job;
  const { descriptor, bytes, subject } = manifest;
  const { ask, onEvent, signal } = context;
  try {
    const listedAt = await ask(() => target.putManifest(descriptor, bytes, tag, signal));
    if (subject && !listedAt) await listReferrer(manifest, job, context);
  } catch (error) {
    if (tag === undefined || !isProtected(error)) throw explainRefusal(error, manifest, job.image.root);
    // A tag that is written once may be what it should be: pushed before, or just now with the answer lost.
    const found = await ask(() => target.manifestDigest(tag, signal));
    if (found !== descriptor.digest) throw error;
  }
  const { digest, mediaType, size: sizeBytes } = descriptor;
  onEvent({ type: "manifest:done", target: target.name, digest, mediaType, sizeBytes });
}

/**
 * Lists a manifest under the tag that stands for what refers to its subject, as clients do for registries without the
 * referrers API.
 */
async function listReferrer(
  referrer: ManifestNode,
  { target }: PushJob,
  { ask, signal }: ManifestContext,
): Promise<void> {
  const tag = referrersTag(referrer.subject!.digest);
  const listed = await ask(() => target.getManifest(tag, signal));
  const index = await withReferrer(listed, referrer).catch((error: unknown) => {
    if (!(error instanceof DocumentError)) throw error;
    throw new PusherError(
      "REGISTRY_UNSUPPORTED",
      `Cannot list what refers to "${target.name}@${referrer.subject!.digest}": "${tag}" is no index`,
      {
        detail: { registry: target.registry, request: `GET manifests/${tag}` },
        hint:
          "Remove this tag from the registry: registries without the referrers API need it for such a list.",
        cause: error,
      },
    );
  });
  if (index) await ask(() => target.putManifest(index.descriptor, index.bytes, tag, signal));
}

/** The registry refused to write a tag that is there already. */
function isProtected(error: unknown): boolean {
  if (!isPusherError(error, "REGISTRY_REJECTED")) return false;
  const { status, errorCodes } = error.detail;
  return errorCodes.includes("TAG_INVALID") || status === 409 || status === 412;
}
