import { isPusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import { distinctBlobs, type Image, manifestsBottomUp } from "../spec/image.ts";
import { isNonDistributable } from "../spec/media_type.ts";
import { retry, type RetryContext } from "../util/retry.ts";
import { Semaphore } from "../util/semaphore.ts";
import type { EventSink, TransferEvent } from "./events.ts";
import type { BlobSource, PushTarget } from "./ports.ts";
import type { PushedImage, PushFailure, PushReport } from "./report.ts";
import { uploadBlob } from "./upload_blob.ts";

/** One image on its way to one repository. */
export interface PushJob {
  /** What to push. */
  image: Image;
  /** Where its blobs are. */
  source: BlobSource;
  /** Where it goes. */
  target: PushTarget;
  /** The tag to write at the end; pushed by digest only when absent. */
  tag: string | undefined;
}

/** How {@linkcode pushImages} works. */
export interface PushContext extends RetryContext {
  /** Blobs on their way at once. */
  concurrency: number;
  /** Size of the parts a large blob is sent in. */
  chunkSizeBytes: number;
  /** Told of everything that happens. */
  onEvent: EventSink;
}

/**
 * Pushes images one after the other, the blobs of each side by side. A blob that two images share is sent once to each
 * repository; the tag is written when everything behind it is there.
 *
 * @param jobs What goes where.
 * @param context Limits, time and events.
 * @returns What was pushed, and what failed.
 * @throws The signal's reason when aborted.
 */
export async function pushImages(jobs: readonly PushJob[], context: PushContext): Promise<PushReport> {
  return await new ImagePusher(context).run(jobs);
}

/** The name under which a job's image will be found. */
export function jobReference(job: PushJob): string {
  return job.tag === undefined
    ? `${job.target.name}@${job.image.root.descriptor.digest}`
    : `${job.target.name}:${job.tag}`;
}

class ImagePusher {
  #context: PushContext;
  #permits: Semaphore;
  /** Blobs known to be at a target, as `target digest`. */
  #present = new Set<string>();
  /** Blobs a target said it has and then did not know: sent without asking again. */
  #denied = new Set<string>();
  /** Bytes of blobs that a target had when it was first asked, as `target digest`; 0 once it was sent all the same. */
  #existingBytes = new Map<string, number>();
  #sentBytes = 0;

  constructor(context: PushContext) {
    this.#context = context;
    this.#permits = new Semaphore(context.concurrency);
  }

  async run(jobs: readonly PushJob[]): Promise<PushReport> {
    const { clock, signal } = this.#context;
    const startMs = clock.now();
    const pushed: PushedImage[] = [];
    const failures: PushFailure[] = [];
    this.#announce(jobs);
    for (const job of jobs) {
      try {
        pushed.push(await this.#push(job));
      } catch (error) {
        signal.throwIfAborted();
        if (!isPusherError(error)) throw error;
        failures.push({ reference: jobReference(job), error });
      }
    }
    const durationMs = clock.now() - startMs;
    const existingBytes = [...this.#existingBytes.values()].reduce((sum, size) => sum + size, 0);
    return { pushed, failures, sentBytes: this.#sentBytes, existingBytes, durationMs };
  }

  #announce(jobs: readonly PushJob[]): void {
    const blobs = new Map<string, number>();
    for (const { image, target } of jobs) {
      for (const blob of transferable(image)) blobs.set(`${target.name} ${blob.digest}`, blob.size);
    }
    const sizeBytes = [...blobs.values()].reduce((sum, size) => sum + size, 0);
    this.#emit({ type: "plan:ready", targets: jobs.map(jobReference), blobs: blobs.size, sizeBytes });
  }

  async #push(job: PushJob): Promise<PushedImage> {
    const { descriptor } = job.image.root;
    try {
      await this.#sendBlobs(job);
      await this.#putManifests(job);
    } catch (error) {
      if (!this.#isStale(error, job)) throw error;
      // What the registry said it had is gone meanwhile (garbage collection): ask again, once.
      await this.#sendBlobs(job);
      await this.#putManifests(job);
    }
    const reference = jobReference(job);
    if (job.tag !== undefined) this.#emit({ type: "tag:done", reference, digest: descriptor.digest });
    return { reference, digest: descriptor.digest, mediaType: descriptor.mediaType };
  }

  /** Layers side by side, then configs: a registry that looks into a config finds its layers. */
  async #sendBlobs(job: PushJob): Promise<void> {
    const configs = new Set<Digest>();
    for (const { blobs } of manifestsBottomUp(job.image.root)) if (blobs[0]) configs.add(blobs[0].digest);
    const blobs = transferable(job.image);
    await this.#sendAll(job, blobs.filter(({ digest }) => !configs.has(digest)));
    await this.#sendAll(job, blobs.filter(({ digest }) => configs.has(digest)));
  }

  /** The first failure ends the others, and is the one that is thrown. */
  async #sendAll(job: PushJob, blobs: readonly Descriptor[]): Promise<void> {
    const siblings = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, siblings.signal]);
    await Promise.allSettled(blobs.map(async (blob) => {
      using _permit = await this.#permits.acquire(signal);
      try {
        await this.#send(job, blob, signal);
      } catch (error) {
        // While the permit is held, or the next in line would still begin.
        siblings.abort(error);
      }
    }));
    signal.throwIfAborted();
  }

  async #send(job: PushJob, blob: Descriptor, signal: AbortSignal): Promise<void> {
    const id = `${job.target.name} ${blob.digest}`;
    if (this.#present.has(id)) return;
    await this.#sendMissing(job, blob, signal);
    this.#present.add(id);
  }

  async #sendMissing(job: PushJob, blob: Descriptor, signal: AbortSignal): Promise<void> {
    const { source, target } = job;
    const { digest, size: sizeBytes, mediaType } = blob;
    const id = `${target.name} ${digest}`;
    const key = { target: target.name, digest, sizeBytes };
    const context = { ...this.#context, signal };
    this.#emit({ type: "blob:start", ...key, mediaType });
    const mayExist = !this.#denied.has(id);
    if (mayExist && await retry(() => target.hasBlob(blob, signal), context)) {
      if (!this.#existingBytes.has(id)) this.#existingBytes.set(id, sizeBytes);
      return this.#emit({ type: "blob:exists", ...key });
    }
    const onEvent: EventSink = (event) => {
      if (event.type === "blob:bytes" && event.deltaBytes > 0) this.#sentBytes += event.deltaBytes;
      this.#emit(event);
    };
    await uploadBlob(blob, { ...context, source, target, onEvent });
    this.#existingBytes.set(id, 0);
    this.#emit({ type: "blob:done", ...key });
  }

  async #putManifests(job: PushJob): Promise<void> {
    const { target, image, tag } = job;
    for (const manifest of manifestsBottomUp(image.root)) {
      const { descriptor, bytes } = manifest;
      const isRoot = manifest === image.root;
      await retry(
        () => target.putManifest(descriptor, bytes, isRoot ? tag : undefined, this.#context.signal),
        this.#context,
      );
      const { digest, mediaType, size: sizeBytes } = descriptor;
      this.#emit({ type: "manifest:done", target: target.name, digest, mediaType, sizeBytes });
    }
  }

  /** Whether the registry refused a manifest because blobs are gone that it said it had. */
  #isStale(error: unknown, job: PushJob): boolean {
    if (!isPusherError(error, "REGISTRY_REJECTED")) return false;
    const { errorCodes, unknownDigests } = error.detail;
    if (!errorCodes.some((code) => code === "MANIFEST_BLOB_UNKNOWN" || code === "BLOB_UNKNOWN")) return false;
    for (const { digest } of transferable(job.image)) this.#present.delete(`${job.target.name} ${digest}`);
    for (const digest of unknownDigests) this.#denied.add(`${job.target.name} ${digest}`);
    return true;
  }

  #emit(event: TransferEvent): void {
    this.#context.onEvent(event);
  }
}

/** Non-distributable layers stay where their `urls` say: pushing them is not ours to do. */
function transferable(image: Image): Descriptor[] {
  return distinctBlobs(image.root).filter(({ mediaType }) => !isNonDistributable(mediaType));
}
