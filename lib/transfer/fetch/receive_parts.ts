import { isPusherError, PusherError } from "../../errors.ts";
import type { ContentPart } from "../../spec/content_part.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import { algorithmOf } from "../../spec/digest.ts";
import { BUFFER_BYTES } from "../../util/buffer_ring.ts";
import { RateLimiter } from "../../util/rate_limiter.ts";
import type { RetryContext } from "../../util/retry.ts";
import { createSha } from "../../util/sha256.ts";
import { DigestCheck } from "../hash/digest_check.ts";
import { downloadBlob, wrongContent } from "./download_blob.ts";
import type { EventSink } from "../events.ts";
import type { BlobOrigin } from "../ports.ts";

/** Where parts are written, one after the other; it may hold what an earlier run has written of the same. */
export interface PartsSink {
  /**
   * Reads on in what an earlier run has left.
   *
   * @param into Receives it.
   * @returns How many bytes; 0 at its end.
   */
  readHeld(into: Uint8Array): Promise<number>;
  /**
   * Drops what is there from a position on; what is written next goes there.
   *
   * @param positionBytes The position, not beyond what was read.
   */
  continueAt(positionBytes: number): Promise<void>;
  /**
   * Writes what comes next.
   *
   * @param bytes Free to be reused once this has settled.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Whether what was written cannot be taken back; it can when absent. */
  isFinal?: boolean;
}

/** What {@linkcode receiveParts} needs. */
export interface ReceiveOptions extends RetryContext {
  /** Where everything goes. */
  sink: PartsSink;
  /** Where a blob is. */
  originOf: (blob: Descriptor) => BlobOrigin;
  /** Most bytes per second; unlimited when absent. */
  rateBytesPerSecond?: number | undefined;
  /** Told of everything that happens. */
  onEvent: EventSink;
}

/** What was received. */
export interface ReceivedBytes {
  /** Bytes of blobs that were downloaded. */
  receivedBytes: number;
  /** Bytes of blobs that an earlier run had left. */
  heldBytes: number;
  /** Bytes of blobs that were kept from earlier. */
  cachedBytes: number;
}

/**
 * Writes parts in one pass, each blob straight from where it is. What an earlier run has left is verified, byte by byte or
 * by digest, and goes before what is downloaded.
 *
 * @param parts What to write.
 * @param options Where to, where from.
 * @returns What came from where.
 * @throws {PusherError} As {@linkcode downloadBlob}, and what the sink throws.
 */
export async function receiveParts(
  parts: readonly ContentPart[],
  options: ReceiveOptions,
): Promise<ReceivedBytes> {
  const receiver = new Receiver(options);
  for (const part of parts) {
    if ("bytes" in part) await receiver.writeKnown(part.bytes);
    else await receiver.receive(part.blob);
  }
  await receiver.finish();
  return receiver.report;
}

class Receiver {
  readonly report: ReceivedBytes = { receivedBytes: 0, heldBytes: 0, cachedBytes: 0 };
  #options: ReceiveOptions;
  #limiter: RateLimiter | undefined;
  /** The newest write: while it is under way, the next bytes come. */
  #writing = Promise.resolve();
  #buffer = new Uint8Array(BUFFER_BYTES);
  /** Whether what an earlier run has left agrees so far. */
  #isHeld = true;
  #positionBytes = 0;

  constructor(options: ReceiveOptions) {
    const { clock, rateBytesPerSecond } = options;
    this.#options = options;
    this.#limiter = rateBytesPerSecond === undefined ? undefined : new RateLimiter(rateBytesPerSecond, clock);
  }

  async writeKnown(bytes: Uint8Array): Promise<void> {
    for (let atBytes = 0; this.#isHeld && atBytes < bytes.length;) {
      const held = await this.#readHeld(bytes.length - atBytes);
      const agrees = held.length > 0 && held.every((byte, i) => byte === bytes[atBytes + i]);
      if (!agrees) await this.#leaveHeld(this.#positionBytes);
      atBytes += held.length;
    }
    if (!this.#isHeld) await this.#options.sink.write(bytes);
    this.#positionBytes += bytes.length;
  }

  async receive(blob: Descriptor): Promise<void> {
    const { originOf, onEvent } = this.#options;
    const key = { target: originOf(blob).name, digest: blob.digest };
    onEvent({ type: "blob:start", ...key, sizeBytes: blob.size, mediaType: blob.mediaType });
    try {
      await this.#receive(blob, key);
    } catch (error) {
      onEvent({
        type: "blob:failed",
        ...key,
        reason: error instanceof Error ? error.message : String(error),
      });
      throw error;
    }
    this.#positionBytes += blob.size;
  }

  /** Nothing comes after the end. */
  async finish(): Promise<void> {
    if (this.#isHeld) await this.#leaveHeld(this.#positionBytes);
  }

  async #receive(blob: Descriptor, key: { target: string; digest: string }): Promise<void> {
    const { onEvent } = this.#options;
    const { check: begun, heldBytes } = await this.#verifyHeld(blob);
    using held = begun;
    if (heldBytes === blob.size && this.#isHeld) {
      this.report.heldBytes += heldBytes;
      return onEvent({ type: "blob:exists", ...key, sizeBytes: blob.size });
    }
    if (heldBytes > 0) onEvent({ type: "blob:resumed", ...key, offsetBytes: heldBytes });
    const { receivedBytes, cachedBytes } = this.report;
    try {
      const isVerified = heldBytes === 0 && await this.#isVerified(blob);
      await this.#download(blob, { check: isVerified ? undefined : held, offsetBytes: heldBytes });
      this.report.heldBytes += heldBytes;
    } catch (error) {
      if (!isPusherError(error, "DIGEST_MISMATCH")) throw error;
      const keptBytes = await this.#forgetDamaged(blob, { heldBytes, error });
      this.report.receivedBytes = Math.max(receivedBytes, this.report.receivedBytes - keptBytes);
      onEvent({ type: "blob:resumed", ...key, offsetBytes: 0 });
      using again = await this.#startCheck(blob);
      await this.#download(blob, { check: again, offsetBytes: 0 });
    }
    const keptBytes = this.report.cachedBytes - cachedBytes;
    const kept = keptBytes > 0 ? { cachedBytes: keptBytes } : {};
    onEvent({ type: "blob:done", ...key, sizeBytes: blob.size, ...kept });
  }

  async #isVerified(blob: Descriptor): Promise<boolean> {
    const { originOf, signal } = this.#options;
    return await originOf(blob).isVerified?.(blob, signal) ?? false;
  }

  async #download(
    blob: Descriptor,
    part: { check: DigestCheck | undefined; offsetBytes: number },
  ): Promise<void> {
    const { sink, originOf, onEvent } = this.#options;
    const origin = originOf(blob);
    const options = { ...this.#options, ...part, limiter: this.#limiter };
    try {
      for await (const chunk of downloadBlob(blob, origin, options)) {
        await this.#writing;
        this.#writing = sink.write(chunk);
        this.#writing.catch(() => {});
        this.report.receivedBytes += chunk.length;
        onEvent({ type: "blob:bytes", target: origin.name, digest: blob.digest, deltaBytes: chunk.length });
      }
    } finally {
      await this.#writing;
    }
    const keptBytes = await origin.settleBlob?.(blob, true) ?? 0;
    this.report.receivedBytes -= keptBytes;
    this.report.cachedBytes += keptBytes;
  }

  /** It may be that what an earlier run has left is damaged, or what was kept: all of the blob is received then. */
  async #forgetDamaged(
    blob: Descriptor,
    { heldBytes, error }: { heldBytes: number; error: PusherError },
  ): Promise<number> {
    const { sink, originOf } = this.#options;
    const keptBytes = await originOf(blob).settleBlob?.(blob, false) ?? 0;
    await sink.continueAt(this.#positionBytes);
    if (heldBytes + keptBytes === 0) throw error;
    if (sink.isFinal) throw keptDamage(blob, error);
    return keptBytes;
  }

  /** How much of a blob is there: all of it, verified; or a part that it may begin with. */
  async #verifyHeld(blob: Descriptor): Promise<{ check: DigestCheck; heldBytes: number }> {
    const check = await this.#startCheck(blob);
    let heldBytes = 0;
    while (this.#isHeld && heldBytes < blob.size) {
      const held = await this.#readHeld(blob.size - heldBytes);
      if (held.length === 0) {
        await this.#leaveHeld(this.#positionBytes + heldBytes);
        break;
      }
      try {
        await check.pass(held, heldBytes);
      } catch (error) {
        if (!isPusherError(error, "DIGEST_MISMATCH")) throw error;
        check[Symbol.dispose]();
        await this.#leaveHeld(this.#positionBytes);
        return { check: await this.#startCheck(blob), heldBytes: 0 };
      }
      heldBytes += held.length;
    }
    return { check, heldBytes };
  }

  async #readHeld(maxBytes: number): Promise<Uint8Array> {
    this.#options.signal.throwIfAborted();
    const into = this.#buffer.subarray(0, Math.min(maxBytes, this.#buffer.length));
    return into.subarray(0, await this.#options.sink.readHeld(into));
  }

  async #leaveHeld(positionBytes: number): Promise<void> {
    this.#isHeld = false;
    await this.#options.sink.continueAt(positionBytes);
  }

  /**
   * Hashed in this thread, beside nothing: blobs come one after the other, so that another thread would hash no earlier than
   * this one, and take its memory.
   */
  async #startCheck(blob: Descriptor): Promise<DigestCheck> {
    const hash = await createSha(algorithmOf(blob.digest));
    return new DigestCheck(blob, hash, wrongContent(this.#options.originOf(blob)));
  }
}

function keptDamage({ digest }: Descriptor, cause: PusherError): PusherError {
  return new PusherError(
    "DIGEST_MISMATCH",
    `Cannot go on with blob ${digest}: what was kept of it is damaged`,
    {
      detail: { expected: digest, actual: "other content" },
      hint: "It is removed now: run the same command again.",
      cause,
    },
  );
}
