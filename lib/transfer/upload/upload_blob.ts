import { isPusherError, PusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import { shortDigest } from "../../spec/digest.ts";
import { afterAttempts, type RetryContext, retryDelayMs } from "../../util/retry.ts";
import type { EventSink } from "../events.ts";
import type { PushTarget, UploadEntry, UploadJournal, UploadRecord, UploadSession } from "../ports.ts";
import type { BlobClaim } from "../push/shared_reads.ts";
import { blobKey, knownDescriptor, type OutgoingBlob, type UploadContent } from "./upload_content.ts";
import type { UploadHost } from "./upload_host.ts";
import type { FailedTransfer, UploadStrategy } from "./upload_policy.ts";

/** What {@linkcode uploadBlob} works with. */
export interface UploadContext extends RetryContext {
  /** Gives the content, to this upload alone or together with the run's others. */
  claim: BlobClaim;
  /** Identity of what the content comes from: what was remembered of another is not continued. */
  source: string;
  /** Where it goes. */
  target: PushTarget;
  /** The target's registry: limits, habits, link. */
  host: UploadHost;
  /** Remembers the upload across processes; a broken upload starts over without. */
  journal?: UploadJournal | undefined;
  /** A repository of the same registry that should hold the blob. */
  mountFrom?: string | undefined;
  /** Told of bytes, retries, resumes. */
  onEvent: EventSink;
}

/**
 * Sends one blob, whatever it takes: goes on with what an earlier process left; after a failure continues from what the
 * registry holds, in another way if this one was refused, or starts over where nothing else is left. Attempts are
 * counted from the last progress. What has passed and is held no more cannot be sent again: then the failure is final.
 *
 * @param blob What to send.
 * @param context From where to where, how patiently.
 * @returns How it got there.
 * @throws {PusherError} `DIGEST_MISMATCH` if the archive's bytes are wrong; else the last failure.
 */
export async function uploadBlob(blob: OutgoingBlob, context: UploadContext): Promise<"sent" | "mounted"> {
  const known = knownDescriptor(blob);
  using entry = known && await context.journal?.claim(context.target.name, known, context.source);
  return await new BlobTransfer(blob, context, entry).run();
}

/** A request under way, for what its failure teaches. */
type Attempt = Pick<FailedTransfer, "strategy" | "bodyBytes" | "offsetBytes">;

class BlobTransfer {
  #blob: OutgoingBlob;
  #context: UploadContext;
  #entry: UploadEntry | undefined;
  #upload: UploadSession | undefined;
  /** Bytes that events have told of, net. */
  #toldBytes = 0;
  #attempt: Attempt | undefined;
  /** What an earlier process left, until it is taken up. */
  #record: UploadRecord | undefined;
  #isCommitting = false;
  /** Whether it has started over with a session of no use: that helps once. */
  #isRestarted = false;
  /** Whether nothing was sent to the session yet, so that there is nothing to ask. */
  #isFresh = false;
  /** Whether the registry refused what was sent last, so that its next refusal means the session. */
  #isRefused = false;

  constructor(blob: OutgoingBlob, context: UploadContext, entry: UploadEntry | undefined) {
    this.#blob = blob;
    this.#context = context;
    this.#entry = entry;
    this.#record = entry?.record;
  }

  async run(): Promise<"sent" | "mounted"> {
    const { claim, host, signal } = this.#context;
    const content = await claim.open(signal, (sizeBytes) => this.#tell(sizeBytes));
    let failures = 0;
    let failure: unknown;
    let bestBytes = 0;
    while (true) {
      try {
        await host.limiter.quiet(signal);
        const isThere = failures > 0 && !this.#isFresh && await this.#isThereAfterAll(content);
        this.#isFresh = false;
        const isGone = failures > 0 && !isThere && !content.goBack(this.#upload?.offsetBytes ?? 0);
        if (isGone) throw new PassedError(failure);
        const outcome = isThere ? "sent" : await this.#send(content);
        await this.#entry?.remove();
        return outcome;
      } catch (error) {
        if (error instanceof PassedError) throw await this.#given(error.cause);
        failure = error;
        const offsetBytes = this.#upload?.offsetBytes ?? 0;
        failures = offsetBytes > bestBytes ? 1 : failures + 1;
        bestBytes = Math.max(bestBytes, offsetBytes);
        await this.#waitAfter(error, failures);
      }
    }
  }

  async #send(content: UploadContent): Promise<"sent" | "mounted"> {
    const { host, signal } = this.#context;
    this.#isCommitting = false;
    const upload = this.#upload ??= await this.#open(content);
    if (!upload) return "mounted";
    const strategy = await this.#strategyFor(upload, content);
    if (strategy === "streamed") await this.#append(upload, content, sizeOf(content), strategy);
    if (strategy === "chunked") await this.#appendParts(upload, content);
    const { digest, size } = this.#described(content);
    const restBytes = size - upload.offsetBytes;
    this.#attempt = { strategy, bodyBytes: restBytes, offsetBytes: upload.offsetBytes };
    this.#isCommitting = true;
    const hasBody = restBytes > 0 || size === 0;
    await host.limiter.quiet(signal);
    await upload.commit(digest, signal, hasBody ? content.part(upload.offsetBytes, restBytes) : undefined);
    this.#tellUpTo(size);
    host.limiter.success();
    return "sent";
  }

  /** What is not longer than a part is known as a whole by then. */
  async #strategyFor(upload: UploadSession, content: UploadContent): Promise<UploadStrategy> {
    const { host } = this.#context;
    await content.prepare(upload.offsetBytes, host.partBytes(upload, content.partBytes));
    const { sizeBytes, digest } = content;
    if (sizeBytes === undefined) return "chunked";
    const strategy = host.strategyFor(sizeBytes, upload, content.partBytes);
    // A single request begins with the digest.
    return strategy === "single" && digest === undefined ? "streamed" : strategy;
  }

  /** Sends parts until nothing is left, or only what the registry wants to have with the commit. */
  async #appendParts(upload: UploadSession, content: UploadContent): Promise<void> {
    const { host } = this.#context;
    // Some registries keep what arrives of a part that is cut, the first one, too: their status tells.
    if (upload.offsetBytes === 0 && host.policy.isStatusTrusted) await this.#remember(upload);
    while (upload.offsetBytes !== content.sizeBytes) {
      const wantedBytes = host.partBytes(upload, content.partBytes);
      const partBytes = await content.prepare(upload.offsetBytes, wantedBytes);
      const isLast = upload.offsetBytes + partBytes === content.sizeBytes;
      if (partBytes === 0 || isLast && host.policy.isLastPartInCommit) return;
      await this.#append(upload, content, partBytes, "chunked");
      await this.#remember(upload);
    }
  }

  async #remember(upload: UploadSession): Promise<void> {
    const { location, offsetBytes, minChunkBytes, maxChunkBytes } = upload;
    const limit = Number.isFinite(maxChunkBytes) ? { maxChunkBytes } : {};
    await this.#entry?.save({ location, offsetBytes, minChunkBytes, ...limit });
  }

  async #append(
    upload: UploadSession,
    content: UploadContent,
    partBytes: number,
    strategy: UploadStrategy,
  ): Promise<void> {
    const { host, clock, signal } = this.#context;
    await host.limiter.quiet(signal);
    const { offsetBytes } = upload;
    this.#attempt = { strategy, bodyBytes: partBytes, offsetBytes };
    const startMs = clock.now();
    await upload.append(content.part(offsetBytes, partBytes), signal, strategy === "streamed");
    host.gauge.addTransfer(partBytes, clock.now() - startMs);
    host.limiter.success();
    this.#isRefused = false;
    this.#tellUpTo(upload.offsetBytes);
  }

  /** Goes on with the remembered session, or opens one; none if the blob could be mounted. */
  async #open(content: UploadContent): Promise<UploadSession | undefined> {
    const { target, host, clock, signal, mountFrom } = this.#context;
    const remembered = await this.#resume();
    if (remembered) return remembered;
    this.#attempt = undefined;
    const { digest } = this.#blob;
    const startMs = clock.now();
    const canMount = mountFrom !== undefined && digest !== undefined && content.readBytes === 0;
    const mount = canMount ? { digest, from: mountFrom } : undefined;
    const upload = await target.startUpload(signal, mount);
    host.gauge.addRoundTrip(clock.now() - startMs);
    return upload;
  }

  async #resume(): Promise<UploadSession | undefined> {
    const { target, host, signal, onEvent } = this.#context;
    const record = this.#record;
    if (!record) return undefined;
    const upload = target.resumeUpload(record);
    const { size = 0 } = this.#blob;
    const isAlive = !host.policy.isStatusTrusted || await upload.recover(size, signal);
    // Once: a session that was lost later is not found by asking for it again.
    this.#record = undefined;
    if (!isAlive) {
      const upload = `${shortDigest(this.#blob.digest!)} to ${target.name}`;
      const message = `The upload of ${upload} starts over: the registry does not know it any more.`;
      if (record.offsetBytes > 0) onEvent({ type: "notice", message });
      return void await this.#entry?.remove();
    }
    const { offsetBytes } = upload;
    if (offsetBytes > 0) onEvent({ type: "blob:resumed", ...this.#key(), offsetBytes });
    this.#toldBytes = offsetBytes;
    return upload;
  }

  /** Decides whether there is another attempt, and waits for it. */
  async #waitAfter(error: unknown, failures: number): Promise<void> {
    const { signal, clock, onEvent, host } = this.#context;
    if (signal.aborted) {
      this.#tellUpTo(this.#upload?.offsetBytes ?? 0);
      throw signal.reason;
    }
    const { strategy, isLastPartInCommit } = host.policy;
    const hasOtherWay = this.#attempt !== undefined && host.learn({ ...this.#attempt, error, failures });
    const isOtherShape = host.policy.strategy !== strategy ||
      host.policy.isLastPartInCommit !== isLastPartInCommit;
    const isBadSession = this.#isBadSession(error);
    if (isOtherShape || isBadSession || !hasOtherWay && this.#isOutOfStep(error)) await this.#abandon();
    // What may pass is waited for, even if there is another way: it may be an outage.
    const delayMs = retryDelayMs(error, failures, this.#context) ??
      (hasOtherWay || isBadSession ? 0 : undefined);
    if (delayMs === undefined) {
      if (await this.#hasForgotten(error)) return;
      throw await this.#given(afterAttempts(error, failures));
    }
    if (isTrouble(error)) host.limiter.trouble(delayMs);
    const reason = error instanceof Error ? error.message : String(error);
    onEvent({ type: "blob:retry", ...this.#key(), attempt: failures + 1, delayMs, reason });
    await clock.sleep(delayMs, signal);
  }

  /** The registry found another digest than we: once, a session that another run or a proxy spoiled explains it. */
  #isBadSession(error: unknown): boolean {
    const isDigestFault = isPusherError(error, "REGISTRY_REJECTED") &&
      error.detail.errorCodes.includes("DIGEST_INVALID");
    if (!isDigestFault || this.#isRestarted) return false;
    return this.#isRestarted = true;
  }

  /** The registry refuses a part although it said that it goes on there, or without that it could say. */
  #isOutOfStep(error: unknown): boolean {
    const wasRefused = this.#isRefused || !this.#context.host.policy.isStatusTrusted;
    this.#isRefused = isPusherError(error, "REGISTRY_REJECTED");
    return this.#isRefused && wasRefused;
  }

  async #abandon(): Promise<void> {
    await this.#entry?.remove();
    await this.#upload?.cancel(this.#context.signal);
    this.#upload = undefined;
    this.#isCommitting = false;
    this.#isRefused = false;
    this.#tellUpTo(0);
  }

  /** A registry that cannot say where an upload is, yet opens another, has forgotten it for our purposes. */
  async #hasForgotten(error: unknown): Promise<boolean> {
    const { target, signal } = this.#context;
    const isAsking = this.#attempt === undefined && (this.#upload ?? this.#record) !== undefined;
    if (!isAsking || this.#isRestarted || !isPusherError(error, "REGISTRY_UNAVAILABLE")) return false;
    const upload = await target.startUpload(signal).catch(() => undefined);
    if (!upload) return false;
    this.#isRestarted = true;
    this.#isFresh = true;
    this.#upload = upload;
    this.#record = undefined;
    this.#isCommitting = false;
    this.#tellUpTo(0);
    return true;
  }

  /** After the last attempt: what a later run can go on with is kept, anything else given up. */
  async #given(error: unknown): Promise<unknown> {
    const offsetBytes = this.#upload?.offsetBytes ?? this.#record?.offsetBytes ?? 0;
    const canGoOn = this.#entry && offsetBytes > 0 && !isPusherError(error, "DIGEST_MISMATCH");
    if (canGoOn) this.#tellUpTo(offsetBytes);
    else await this.#abandon();
    return error;
  }

  /** Finds out where we stand; the answer to a commit may have been lost on its way. */
  async #isThereAfterAll(content: UploadContent): Promise<boolean> {
    const { target, host, signal } = this.#context;
    // A registry that cannot be asked teaches nothing about how to send.
    this.#attempt = undefined;
    const isThere = this.#isCommitting && await target.hasBlob(this.#described(content), signal);
    if (!isThere && this.#upload && host.policy.isStatusTrusted) {
      const sentBytes = Math.max(this.#upload.offsetBytes, content.readBytes);
      if (!await this.#upload.recover(sentBytes, signal)) {
        this.#upload = undefined;
        await this.#entry?.remove();
      }
    }
    // What came of a blob in one body is of no use to a registry that takes no parts.
    if (!isThere && host.policy.refused.includes("chunked")) await this.#abandon();
    this.#tellUpTo(isThere ? sizeOf(content) : this.#upload?.offsetBytes ?? 0);
    return isThere;
  }

  /** What is sent again, after a failure or by the connection itself, was told of before. */
  #tellUpTo(offsetBytes: number): void {
    this.#tell(offsetBytes - this.#toldBytes);
  }

  #tell(deltaBytes: number): void {
    if (deltaBytes === 0) return;
    this.#toldBytes += deltaBytes;
    this.#context.onEvent({ type: "blob:bytes", ...this.#key(), deltaBytes });
  }

  /** Names the blob, once all of it was prepared. */
  #described({ digest, sizeBytes }: UploadContent): Descriptor {
    const known = knownDescriptor({ mediaType: this.#blob.mediaType, digest, size: sizeBytes });
    if (!known) throw new TypeError(`The content of ${blobKey(this.#blob)} did not come to its end`);
    return known;
  }

  #key(): { target: string; digest: string } {
    return { target: this.#context.target.name, digest: blobKey(this.#blob) };
  }
}

/** What would have to be sent again has passed: the failure before is final. */
class PassedError extends Error {
  constructor(failure: unknown) {
    super("What was not yet confirmed is not held any more", { cause: withFileHint(failure) });
  }
}

function withFileHint(failure: unknown): unknown {
  if (!isPusherError(failure)) return failure;
  const { code, message, detail, cause } = failure;
  return new PusherError(code, message, {
    detail,
    hint: "Write the input to a file and push that: what came through a pipe cannot be sent a second time.",
    cause,
  });
}

function sizeOf({ sizeBytes = 0 }: UploadContent): number {
  return sizeBytes;
}

/** What more than one worker would feel. Some registries lose sessions when too many go at once. */
function isTrouble(error: unknown): boolean {
  const isLostSession = isPusherError(error, "REGISTRY_REJECTED") && error.retryable;
  return isLostSession || isPusherError(error, "REGISTRY_UNAVAILABLE");
}
