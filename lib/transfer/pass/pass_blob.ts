import { isPusherError, type PusherError } from "../../errors.ts";
import type { BufferPool } from "../../util/buffer_pool.ts";
import type { ByteReader } from "../../util/byte_reader.ts";
import { claimPassing } from "./passing_content.ts";
import { type FoundBlob, MAX_HELD_PART_BYTES, PassingWindow } from "./passing_window.ts";
import type { PushTarget } from "../ports.ts";
import type { PushRun } from "../push/push_run.ts";
import type { OutgoingBlob } from "../upload/upload_content.ts";

/**
 * How long parts are: as short as registries on object storage bear (Amazon S3 takes no parts below 5 MiB, and to
 * go on behind a shorter one a registry copies everything before it), since two of them are held.
 */
const PART_BYTES = 5 * 2 ** 20;

/** Where a blob that passes goes, and how. */
export interface PassOptions {
  /** What is sent is part of it. */
  run: PushRun;
  /** Repositories that it goes to. */
  targets: readonly PushTarget[];
  /** Identity of what it comes from. */
  source: string;
  /** What its bytes are held in. */
  buffers: BufferPool;
  /** How long parts are. */
  partBytes: number;
  /** Ends it, as the end of the run does. */
  signal?: AbortSignal | undefined;
  /**
   * Told when a repository failed.
   *
   * @returns Whether the blob shall pass on all the same.
   */
  onFailure: (target: PushTarget, error: PusherError) => boolean;
}

/**
 * How long the parts of what passes are.
 *
 * @param options What the user wants.
 * @returns Bytes.
 */
export function passingPartBytes({ chunkSizeBytes }: { chunkSizeBytes?: number | undefined }): number {
  return Math.min(chunkSizeBytes ?? PART_BYTES, MAX_HELD_PART_BYTES);
}

/**
 * Lets a blob pass, and sends it to the repositories that do not have it.
 *
 * @param blob What passes; where its digest is known, no more is sent than what is missing.
 * @param read Gives its bytes.
 * @param options Where it goes.
 * @returns What it is.
 * @throws {PusherError} A repository's failure after which it shall not pass on; `DIGEST_MISMATCH` if it is not what it
 * claims to be; whatever `read` throws.
 */
export async function passBlob(
  blob: OutgoingBlob,
  read: ByteReader,
  { run, targets, source, buffers, partBytes, signal = run.signal, onFailure }: PassOptions,
): Promise<FoundBlob> {
  const { limiter, effort } = run;
  using hash = await effort.here("sha256");
  const window = new PassingWindow({ blob, hash, buffers, partBytes });
  const stop = new AbortController();
  const claims = targets.map(() => claimPassing(window, limiter));
  const found = window.run(read, AbortSignal.any([run.signal, signal, stop.signal]));
  found.catch(() => {});
  await Promise.all(targets.map(async (target, at) => {
    try {
      await run.laneTo(target.registry).pass(blob, { target, claim: claims[at]!, found, source });
    } catch (error) {
      if (!isPusherError(error) || !onFailure(target, error)) stop.abort(error);
    }
  }));
  stop.signal.throwIfAborted();
  return await found;
}
