import { isPusherError, type PusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import { manifestsBottomUp, treesOf } from "../../spec/image.ts";
import { retry, type RetryContext } from "../../util/retry.ts";
import type { EventSink } from "../events.ts";
import type { FoundBlob } from "../pass/passing_window.ts";
import type { PushTarget, UploadJournal } from "../ports.ts";
import { jobReference, type PushJob, reportedDigests, transferableBlobs } from "./push_job.ts";
import { putManifests } from "./put_manifests.ts";
import type { PushedImage } from "../progress/report.ts";
import type { BlobClaim, SharedReads } from "./shared_reads.ts";
import { uploadBlob } from "../upload/upload_blob.ts";
import { blobKey, knownDescriptor, type OutgoingBlob } from "../upload/upload_content.ts";
import type { UploadHost } from "../upload/upload_host.ts";

/** A blob that passes once, on its way to one repository. */
export interface PassingBlob {
  /** Where it goes. */
  target: PushTarget;
  /** Reads it as it passes; disposed as soon as nothing more is needed of it. */
  claim: BlobClaim;
  /** What it is, once it has passed. */
  found: Promise<FoundBlob>;
  /** Identity of what it comes from. */
  source: string;
}

/** How a blob gets to its repository. */
interface Way {
  target: PushTarget;
  source: string;
  signal: AbortSignal;
  claim: BlobClaim;
  /** Where it may be mounted from. */
  mountFrom: string | undefined;
}

/** What a {@linkcode RegistryLane} works with. */
export interface LaneContext extends RetryContext {
  /** The registry. */
  host: UploadHost;
  /** Remembers uploads across processes. */
  journal?: UploadJournal | undefined;
  /** Reads blobs, those that several registries need once for all. */
  reads: SharedReads;
  /** Send blobs even if the registry says it has them. */
  isForced: boolean;
  /** Told of everything that happens. */
  onEvent: EventSink;
}

/** Pushes to one registry, image after image, the blobs of each side by side. */
export class RegistryLane {
  #context: LaneContext;
  /** Repositories known to hold a blob, by digest. */
  #holders = new Map<Digest, Set<string>>();
  /** Blobs a repository said it has and then did not know: sent without asking again. */
  #denied = new Set<string>();

  /** @param context Registry, retries, events. */
  constructor(context: LaneContext) {
    this.#context = context;
  }

  /**
   * Pushes one image: blobs, then manifests from the bottom up, the tag last.
   *
   * @param job What goes where.
   * @returns What the tag points at now.
   * @throws {PusherError} The first failure; there is no tag then.
   */
  async push(job: PushJob): Promise<PushedImage> {
    const { digest, mediaType } = job.image.root.descriptor;
    const { signal, onEvent } = this.#context;
    for (let isFirst = true;; isFirst = false) {
      try {
        await this.#sendBlobs(job);
        await putManifests(job, {
          signal,
          onEvent,
          ask: (request) => this.#ask(request, { target: job.target, signal }),
        });
        break;
      } catch (error) {
        // What the registry said it had is gone (garbage collection): ask again, once, or send what it names now.
        if (!isBlobUnknown(error)) throw error;
        const isNews = this.#deny(job, error.detail.unknownDigests);
        if (!isFirst && !isNews) throw error;
      }
    }
    const reference = jobReference(job);
    if (job.tag !== undefined) onEvent({ type: "tag:done", reference, digest });
    return { reference, ...reportedDigests(job.image), mediaType };
  }

  /**
   * Sends a blob that passes once, unless the repository holds it. What is pushed there later finds it.
   *
   * @param blob What passes.
   * @param passing Where it goes, who reads it, and what it is once it has passed.
   * @throws {PusherError} The failure.
   */
  async pass(blob: OutgoingBlob, passing: PassingBlob): Promise<void> {
    const { target, claim: passed, found, source } = passing;
    const { signal, onEvent } = this.#context;
    using claim = passed;
    const key = { target: target.name, digest: blobKey(blob) };
    const known = knownDescriptor(blob);
    if (known && this.#holdersOf(known.digest).has(target.name)) return;
    const size = blob.size === undefined ? {} : { sizeBytes: blob.size };
    onEvent({ type: "blob:start", ...key, ...size, mediaType: blob.mediaType });
    try {
      const isThere = known !== undefined && await this.#isThere(target, known, signal);
      if (!isThere) await this.#upload(blob, { target, source, signal, claim, mountFrom: undefined });
      claim[Symbol.dispose]();
      const { digest, size: sizeBytes } = await found;
      this.#holdersOf(digest).add(target.name);
      const name = known ? {} : { found: digest };
      onEvent({ type: isThere ? "blob:exists" : "blob:done", ...key, sizeBytes, ...name });
    } catch (error) {
      if (!signal.aborted) onEvent({ type: "blob:failed", ...key, reason: messageOf(error) });
      throw error;
    }
  }

  /**
   * Asks whether a repository holds a blob.
   *
   * @param target The repository.
   * @param blob Which.
   * @returns Whether it does and need not get it again.
   * @throws {PusherError} If there is no answer.
   */
  async holds(target: PushTarget, blob: Descriptor): Promise<boolean> {
    return await this.#isThere(target, blob, this.#context.signal);
  }

  /** Layers side by side, then configs: a registry that looks into a config finds its layers. */
  async #sendBlobs(job: PushJob): Promise<void> {
    const configs = new Set<Digest>();
    for (const { blobs } of manifestsBottomUp(...treesOf(job.image))) {
      if (blobs[0]) configs.add(blobs[0].digest);
    }
    const blobs = transferableBlobs(job.image);
    await this.#sendAll(job, blobs.filter(({ digest }) => !configs.has(digest)));
    await this.#sendAll(job, blobs.filter(({ digest }) => configs.has(digest)));
  }

  /** The first failure ends the others, and is the one that is thrown. */
  async #sendAll(job: PushJob, blobs: readonly Descriptor[]): Promise<void> {
    const siblings = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, siblings.signal]);
    await Promise.allSettled(blobs.map(async (blob) => {
      using _permit = await this.#context.host.limiter.acquire(signal);
      try {
        await this.#send(job, blob, signal);
      } catch (error) {
        // Ends the others while the permit is held, or the next in line would still begin.
        const reason = siblings.signal.aborted ? "another blob failed" : messageOf(error);
        siblings.abort(error);
        if (this.#context.signal.aborted) return;
        this.#context.onEvent({ type: "blob:failed", target: job.target.name, digest: blob.digest, reason });
      }
    }));
    signal.throwIfAborted();
  }

  async #send(job: PushJob, blob: Descriptor, signal: AbortSignal): Promise<void> {
    const { target } = job;
    const { digest, size: sizeBytes, mediaType } = blob;
    const holders = this.#holdersOf(digest);
    if (holders.has(target.name)) return;
    const key = { target: target.name, digest, sizeBytes };
    const { onEvent } = this.#context;
    onEvent({ type: "blob:start", ...key, mediaType });
    // Before the registry is asked: the others wait for this one if it may read.
    using claim = this.#context.reads.claim(target.registry, job.source, blob);
    if (await this.#isThere(target, blob, signal)) {
      onEvent({ type: "blob:exists", ...key });
    } else {
      const mountFrom = this.#mountSource(job, blob);
      const source = job.source.identityOf(blob);
      const outcome = await this.#upload(blob, { target, source, signal, mountFrom, claim });
      onEvent(
        outcome === "mounted"
          ? { type: "blob:mounted", ...key, from: mountFrom! }
          : { type: "blob:done", ...key },
      );
    }
    holders.add(target.name);
  }

  async #isThere(target: PushTarget, blob: Descriptor, signal: AbortSignal): Promise<boolean> {
    const isDenied = this.#denied.has(`${target.name} ${blob.digest}`);
    if (this.#context.isForced || isDenied) return false;
    return await this.#ask(() => target.hasBlob(blob, signal), { target, signal });
  }

  async #upload(blob: OutgoingBlob, way: Way): Promise<"sent" | "mounted"> {
    return await uploadBlob(blob, { ...this.#context, ...way });
  }

  /** Another repository of this registry that holds the blob for sure, else the one that most likely does. */
  #mountSource(job: PushJob, blob: Descriptor): string | undefined {
    const { target } = job;
    const prefix = `${target.registry}/`;
    const holders = [...this.#holdersOf(blob.digest)].map((name) => name.slice(prefix.length));
    const candidates = this.#context.isForced ? [] : [...holders, ...job.mountFrom ?? []];
    return candidates.find((repository) => `${prefix}${repository}` !== target.name);
  }

  /** Sends a request that is safe to repeat; when the registry is in trouble, all workers hear of it. */
  #ask<T>(request: () => Promise<T>, { target, signal }: Pick<Way, "target" | "signal">): Promise<T> {
    const { host: { limiter }, onEvent } = this.#context;
    const attempt = async (): Promise<T> => {
      await limiter.quiet(signal);
      return await request();
    };
    return retry(attempt, { ...this.#context, signal }, (error, delayMs, attempt) => {
      if (isPusherError(error, "REGISTRY_UNAVAILABLE")) limiter.trouble(delayMs);
      onEvent({ type: "request:retry", target: target.name, attempt, delayMs, reason: messageOf(error) });
    });
  }

  /** Forgets that the repository has the image's blobs; says whether it did not yet name one of these. */
  #deny(job: PushJob, digests: readonly string[]): boolean {
    const { name } = job.target;
    const known = this.#denied.size;
    for (const { digest } of transferableBlobs(job.image)) {
      this.#holdersOf(digest).delete(name);
      if (digests.includes(digest)) this.#denied.add(`${name} ${digest}`);
    }
    return this.#denied.size > known;
  }

  #holdersOf(digest: Digest): Set<string> {
    const holders = this.#holders.get(digest) ?? new Set();
    this.#holders.set(digest, holders);
    return holders;
  }
}

/** The registry refused a manifest because it does not hold blobs of it. */
function isBlobUnknown(error: unknown): error is PusherError<"REGISTRY_REJECTED"> {
  return isPusherError(error, "REGISTRY_REJECTED") &&
    error.detail.errorCodes.some((code) => code === "MANIFEST_BLOB_UNKNOWN" || code === "BLOB_UNKNOWN");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
