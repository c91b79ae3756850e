import type { Digest } from "../../spec/digest.ts";
import type { TransferTotals } from "./transfer_tally.ts";

/** What a push did, ready for JSON. */
export interface PushReport extends TransferTotals {
  /** One per pushed tag, in the order of the archive. */
  pushed: readonly PushedImage[];
  /** What could not be pushed while others could; empty when all went well. */
  failures: readonly PushFailure[];
  /** What was compressed, if that was asked for. */
  compression?: Compression | undefined;
  /** From start to end. */
  durationMs: number;
}

/** What was compressed in this run; what was known from earlier ones does not count. */
export interface Compression {
  /** Bytes of plain layers. */
  plainBytes: number;
  /** Bytes of what they became. */
  compressedBytes: number;
}

/** One tag that now points at its image. */
export interface PushedImage {
  /** `registry/repository:tag`. */
  reference: string;
  /** Digest of the manifest or index behind the tag. */
  digest: Digest;
  /** Media type of it. */
  mediaType: string;
  /** Digest of the image in its archive, where something else was made of it: a part, or one in another format. */
  archiveDigest?: Digest;
}

/** One image that did not get through. */
export interface PushFailure {
  /** `registry/repository:tag`. */
  reference: string;
  /** Why: a `PusherError`. */
  error: Error;
}
