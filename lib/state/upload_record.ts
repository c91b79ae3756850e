import * as v from "valibot";
import type { Digest } from "../spec/digest.ts";

/** How long a record serves: registries forget sessions too, and it holds a secret. */
export const RECORD_LIFETIME_MS: number = 24 * 3_600_000;

/** Which upload a record is of. */
export interface UploadIdentity {
  /** Name of the target. */
  target: string;
  /** Of the blob. */
  digest: Digest;
  /** Of the blob. */
  sizeBytes: number;
  /** What the blob is read from. */
  source: string;
}

/** Where an upload is, enough to go on with it in a later process. */
export interface UploadPosition {
  /** Where its next request goes, an absolute URL; secret. */
  location: string;
  /** Bytes that are durable at the registry. */
  offsetBytes: number;
  /** Smallest part the registry takes; 0 when it did not say. */
  minChunkBytes: number;
  /** Largest part the registry takes; absent when it did not say. */
  maxChunkBytes?: number | undefined;
}

/** An upload as it is kept. */
export type UploadRecord = Omit<UploadIdentity, "digest"> & UploadPosition & {
  /** Version of the form. */
  version: 1;
  /** Of the blob, as it was found. */
  digest: string;
  /** When it was written, RFC 3339 in UTC. */
  updatedAt: string;
};

const bytesSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const uploadRecordSchema: v.GenericSchema<UploadRecord> = v.pipe(
  v.object({
    version: v.literal(1),
    target: v.string(),
    digest: v.string(),
    sizeBytes: bytesSchema,
    source: v.string(),
    location: v.pipe(v.string(), v.url()),
    offsetBytes: bytesSchema,
    minChunkBytes: bytesSchema,
    maxChunkBytes: v.optional(v.pipe(bytesSchema, v.minValue(1))),
    updatedAt: v.pipe(v.string(), v.isoTimestamp()),
  }),
  v.check(
    ({ offsetBytes, sizeBytes }) => offsetBytes <= sizeBytes,
    "its offset is beyond the end of the blob",
  ),
);

/**
 * What the record of an upload must look like.
 *
 * @param identity The upload.
 * @returns The schema; it refuses records of other uploads, which have no business under the same name.
 */
export function recordSchemaOf(identity: UploadIdentity): v.GenericSchema<UploadRecord> {
  return v.pipe(
    uploadRecordSchema,
    v.check(
      ({ target, digest, sizeBytes }) =>
        target === identity.target && digest === identity.digest && sizeBytes === identity.sizeBytes,
      "it is of another upload",
    ),
  );
}

/**
 * Why a record cannot be used.
 *
 * @param record As it was found.
 * @param identity The upload, which is the same.
 * @param nowMs The time, in milliseconds since 1970.
 * @returns The reason, or `undefined` if it can be used.
 */
export function recordFault(
  record: UploadRecord,
  identity: UploadIdentity,
  nowMs: number,
): string | undefined {
  if (record.source !== identity.source) return "the archive changed since";
  const isFresh = nowMs - Date.parse(record.updatedAt) <= RECORD_LIFETIME_MS;
  return isFresh ? undefined : "it was left more than 24 hours ago";
}
