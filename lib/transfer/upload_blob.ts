import type { Descriptor } from "../spec/descriptor.ts";
import { type RetryContext, retryDelayMs } from "../util/retry.ts";
import { createSha } from "../util/sha256.ts";
import type { EventSink } from "./events.ts";
import type { BlobSource, PushTarget, UploadSession } from "./ports.ts";
import { VerifiedContent } from "./verified_content.ts";

/** What {@linkcode uploadBlob} works with. */
export interface UploadContext extends RetryContext {
  /** Where the content is. */
  source: BlobSource;
  /** Where it goes. */
  target: PushTarget;
  /** Size of the parts a large blob is sent in; a smaller blob is sent in one request. */
  chunkSizeBytes: number;
  /** Told of bytes and retries. */
  onEvent: EventSink;
}

/**
 * Sends one blob, whatever it takes: after a failure the session goes on from what the registry holds, or starts
 * over where that cannot be known. Attempts are counted from the last progress.
 *
 * @param blob What to send.
 * @param context From where to where, how patiently.
 * @throws {PusherError} `DIGEST_MISMATCH` if the archive's bytes are wrong; else the last failure.
 */
export async function uploadBlob(blob: Descriptor, context: UploadContext): Promise<void> {
  await new BlobTransfer(blob, context).run();
}

class BlobTransfer {
  #blob: Descriptor;
  #context: UploadContext;
  #upload: UploadSession | undefined;
  /** Bytes that events have told of, net. */
  #toldBytes = 0;
  #isCommitting = false;

  constructor(blob: Descriptor, context: UploadContext) {
    this.#blob = blob;
    this.#context = context;
  }

  async run(): Promise<void> {
    const algorithm = this.#blob.digest.startsWith("sha512:") ? "sha512" : "sha256";
    const content = new VerifiedContent(
      this.#context.source,
      this.#blob,
      await createSha(algorithm),
      (sizeBytes) => this.#tell(sizeBytes),
    );
    let failures = 0;
    let bestBytes = 0;
    while (true) {
      try {
        if (failures > 0 && await this.#isThereAfterAll(content)) return;
        return await this.#attempt(content);
      } catch (error) {
        const offsetBytes = this.#upload?.offsetBytes ?? 0;
        failures = offsetBytes > bestBytes ? 1 : failures + 1;
        bestBytes = Math.max(bestBytes, offsetBytes);
        await this.#waitAfter(error, failures);
      }
    }
  }

  async #attempt(content: VerifiedContent): Promise<void> {
    const { target, signal, chunkSizeBytes } = this.#context;
    const { size, digest } = this.#blob;
    this.#isCommitting = false;
    const upload = this.#upload ??= await target.startUpload(signal);
    const partBytes = Math.max(chunkSizeBytes, upload.minChunkBytes);
    const isSingle = upload.offsetBytes === 0 && size <= partBytes;
    while (!isSingle && upload.offsetBytes < size) {
      const start = upload.offsetBytes;
      await upload.append(content.part(start, Math.min(partBytes, size - start)), signal);
      this.#tellUpTo(upload.offsetBytes);
    }
    this.#isCommitting = true;
    await upload.commit(digest, signal, isSingle ? content.part(0, size) : undefined);
    this.#tellUpTo(size);
  }

  async #waitAfter(error: unknown, failures: number): Promise<void> {
    const { signal, clock, onEvent } = this.#context;
    signal.throwIfAborted();
    const delayMs = retryDelayMs(error, failures, this.#context);
    if (delayMs === undefined) {
      await this.#upload?.cancel(signal);
      throw error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    onEvent({ type: "blob:retry", ...this.#key(), attempt: failures + 1, delayMs, reason });
    await clock.sleep(delayMs, signal);
  }

  /** Finds out where we stand; the answer to a commit may have been lost on its way. */
  async #isThereAfterAll(content: VerifiedContent): Promise<boolean> {
    const { target, signal } = this.#context;
    const isThere = this.#isCommitting && await target.hasBlob(this.#blob, signal);
    if (!isThere && this.#upload) {
      const sentBytes = Math.max(this.#upload.offsetBytes, content.readBytes);
      if (!await this.#upload.recover(sentBytes, signal)) this.#upload = undefined;
    }
    this.#tellUpTo(isThere ? this.#blob.size : this.#upload?.offsetBytes ?? 0);
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

  #key(): { target: string; digest: Descriptor["digest"] } {
    return { target: this.#context.target.name, digest: this.#blob.digest };
  }
}
