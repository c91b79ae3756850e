import type { Digest } from "../spec/digest.ts";

/** What a push did, ready for JSON. */
export interface PushReport {
  /** One per pushed tag, in the order of the archive. */
  pushed: readonly PushedImage[];
  /** What could not be pushed while others could; empty when all went well. */
  failures: readonly PushFailure[];
  /** Bytes of blobs sent, over all targets, with those that had to be sent again. */
  sentBytes: number;
  /** Bytes of blobs the registries had already. */
  existingBytes: number;
  /** From start to end. */
  durationMs: number;
}

/** One tag that now points at its image. */
export interface PushedImage {
  /** `registry/repository:tag`. */
  reference: string;
  /** Digest of the manifest or index behind the tag. */
  digest: Digest;
  /** Media type of it. */
  mediaType: string;
}

/** One image that did not get through. */
export interface PushFailure {
  /** `registry/repository:tag`. */
  reference: string;
  /** Why: a `PusherError`. */
  error: Error;
}
