import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import type { StreamBody } from "../../util/stream_body.ts";

/** A blob on its way to a registry. What passes once may be known by its digest and size only when it has passed. */
export interface OutgoingBlob {
  /** What it is. */
  mediaType: string;
  /** Its digest, if that is known beforehand. */
  digest?: Digest | undefined;
  /** Its size in bytes, if that is known beforehand. */
  size?: number | undefined;
  /** What events call it while it has no digest, for example the name of its entry. */
  name?: string | undefined;
}

/** The content of a blob as an upload takes it: part by part, some of them more than once. */
export interface UploadContent {
  /** Its digest, as soon as it is known. */
  readonly digest: Digest | undefined;
  /** Its size, as soon as it is known. */
  readonly sizeBytes: number | undefined;
  /** How far the newest part was read: nothing beyond it can have arrived anywhere. */
  readonly readBytes: number;
  /** The largest part that should be asked for, so that it can be sent again. */
  readonly partBytes: number;
  /**
   * Goes back, to send something again.
   *
   * @param offsetBytes Where to.
   * @returns Whether what starts there can still be sent.
   */
  goBack(offsetBytes: number): boolean;
  /**
   * Waits until a part is there, so that it can be sent again and again, and gives up everything before it. When it is
   * the last, digest and size are known afterwards.
   *
   * @param offsetBytes Its first byte.
   * @param wantedBytes How long it should be.
   * @returns How long it is: less only at the end.
   * @throws {PusherError} `DIGEST_MISMATCH` if everything has passed and is not what it should be; whatever the
   * source throws.
   */
  prepare(offsetBytes: number, wantedBytes: number): Promise<number>;
  /**
   * A part, to be sent as a request's body.
   *
   * @param offsetBytes Its first byte.
   * @param lengthBytes Its length. Longer than what was prepared only where it need not be sent again.
   * @returns The part.
   */
  part(offsetBytes: number, lengthBytes: number): StreamBody;
}

/**
 * The key of a blob in events.
 *
 * @param blob A blob on its way.
 * @returns Its digest, or its name where the digest is not known beforehand.
 */
export function blobKey({ digest, name = "" }: OutgoingBlob): string {
  return digest ?? name;
}

/**
 * What names a blob, once everything of it is known.
 *
 * @param blob A blob on its way.
 * @returns The descriptor; `undefined` while digest or size are not known.
 */
export function knownDescriptor({ mediaType, digest, size }: OutgoingBlob): Descriptor | undefined {
  return digest === undefined || size === undefined ? undefined : { mediaType, digest, size };
}
