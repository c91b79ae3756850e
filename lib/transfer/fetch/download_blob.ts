import { isPusherError, PusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import type { RateLimiter } from "../../util/rate_limiter.ts";
import { reusedChunks } from "../../util/reused_chunks.ts";
import { afterAttempts, type RetryContext, retryDelayMs } from "../../util/retry.ts";
import { DigestCheck } from "../hash/digest_check.ts";
import type { EventSink } from "../events.ts";
import type { BlobOrigin } from "../ports.ts";

/** An attempt that brought this much was worth it: those before it do not count any more. */
const WORTHWHILE_BYTES = 2 ** 20;

/** How a blob is downloaded. */
export interface DownloadOptions extends RetryContext {
  /** Sees every byte; of a blob that is partly there, it has seen that part. Absent where the blob was verified before, or whoever reads verifies it. */
  check?: DigestCheck | undefined;
  /**
   * Bytes that are there already.
   *
   * @default {0}
   */
  offsetBytes?: number | undefined;
  /** Caps the rate. */
  limiter?: RateLimiter | undefined;
  /** Told of attempts that failed. */
  onEvent: EventSink;
}

/**
 * Downloads a blob, verified while it passes: its last bytes come only if all of it passes the check. A broken
 * download goes on where it broke. Nothing is read ahead: whoever takes the bytes sets the pace.
 *
 * @param blob Which.
 * @param origin Where it is.
 * @param options What is there already, retries, time.
 * @returns Its bytes, piece by piece, each valid until the next but one is asked for.
 * @throws {PusherError} `DIGEST_MISMATCH` if the content is not the blob's; what the last attempt failed with.
 */
export async function* downloadBlob(
  blob: Descriptor,
  origin: BlobOrigin,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const { check, limiter, signal, clock, onEvent, offsetBytes = 0 } = options;
  let positionBytes = offsetBytes;
  if (positionBytes === blob.size) return await check?.pass(new Uint8Array(), positionBytes);
  for (let failures = 0;;) {
    const startBytes = positionBytes;
    try {
      const content = await origin.readBlob(blob, positionBytes, signal);
      for await (const chunk of reusedChunks(content, limiter?.pieceBytes)) {
        if (positionBytes + chunk.length > blob.size) throw tooLong(blob, origin);
        await limiter?.take(chunk.length, signal);
        await check?.pass(chunk, positionBytes);
        positionBytes += chunk.length;
        yield chunk;
      }
      if (positionBytes === blob.size) return;
      throw cutShort(blob, origin, positionBytes);
    } catch (error) {
      signal.throwIfAborted();
      // All of it came and was verified: how the connection ended does not matter then.
      if (positionBytes === blob.size && isPusherError(error) && error.retryable) return;
      failures = positionBytes - startBytes >= WORTHWHILE_BYTES ? 1 : failures + 1;
      const delayMs = retryDelayMs(error, failures, options);
      if (delayMs === undefined) throw afterAttempts(error, failures);
      const reason = error instanceof Error ? error.message : String(error);
      const { digest } = blob;
      onEvent({ type: "blob:retry", target: origin.name, digest, attempt: failures + 1, delayMs, reason });
      await clock.sleep(delayMs, signal);
    }
  }
}

/**
 * Makes the error for a blob whose content is not what its digest says.
 *
 * @param origin Where it came from.
 * @returns Makes it of the digest it should have and the one it has.
 */
export function wrongContent(
  origin: BlobOrigin,
): (expected: Digest, actual: string) => PusherError<"DIGEST_MISMATCH"> {
  return (expected, actual) =>
    new PusherError(
      "DIGEST_MISMATCH",
      `Cannot read blob ${expected} of "${origin.name}": its content is ${actual}`,
      {
        detail: { expected, actual },
        hint: "The registry's copy, or one in a proxy between, is damaged: push the image there again.",
      },
    );
}

function tooLong({ digest, size }: Descriptor, { name }: BlobOrigin): PusherError {
  return new PusherError(
    "DIGEST_MISMATCH",
    `Cannot read blob ${digest} of "${name}": the registry sends more than its ${size} bytes`,
    {
      detail: { expected: `${size} bytes`, actual: "more", entry: digest },
      hint: "The registry's copy, or one in a proxy between, is damaged: push the image there again.",
    },
  );
}

function cutShort({ digest, size }: Descriptor, { name }: BlobOrigin, sizeBytes: number): PusherError {
  return new PusherError(
    "NETWORK",
    `Cannot read blob ${digest} of "${name}": the answer ended after ${sizeBytes} of ${size} bytes`,
    {
      detail: { registry: name.slice(0, name.indexOf("/")), request: `GET blob ${digest}` },
      hint: "Check the link to the registry, and any proxy between.",
      retryable: true,
    },
  );
}
