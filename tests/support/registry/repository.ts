import { createHash } from "node:crypto";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { type Digest, sha256Digest } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import type { UploadSession } from "./upload_session.ts";

/** A blob in a repository. */
export interface StoredBlob {
  /** Its size. */
  sizeBytes: number;
  /** Its content in order, absent if only the hash was kept. */
  parts: readonly Uint8Array[] | undefined;
}

/** A manifest or index in a repository. */
export interface StoredManifest {
  /** As it was given when it was put. */
  mediaType: string;
  /** The exact bytes. */
  bytes: Uint8Array<ArrayBuffer>;
  /** What it refers to, if anything. */
  subject: Digest | undefined;
}

/** What a repository holds. Tests may look at it and change it freely. */
export class Repository {
  /** Blobs by digest. */
  readonly blobs = new Map<Digest, StoredBlob>();
  /** Manifests and indexes by digest. */
  readonly manifests = new Map<Digest, StoredManifest>();
  /** What each tag points at. */
  readonly tags = new Map<string, Digest>();
  /** Uploads on their way by session. */
  readonly uploads = new Map<string, UploadSession>();

  /**
   * Stores a blob.
   *
   * @param content Its content.
   * @param mediaType For the descriptor.
   * @returns Names it.
   */
  putBlob(content: Uint8Array | string, mediaType: string = MEDIA_TYPE.octetStream): Descriptor {
    const bytes = toBytes(content);
    const digest = sha256Of(bytes);
    this.blobs.set(digest, { sizeBytes: bytes.length, parts: [bytes] });
    return { mediaType, digest, size: bytes.length };
  }

  /**
   * Stores a manifest or index.
   *
   * @param document Its bytes, or what to write as JSON.
   * @param mediaType Its type.
   * @param tag A tag to point at it.
   * @returns Names it.
   */
  putManifest(document: Uint8Array | object, mediaType: string, tag?: string): Descriptor {
    const bytes = toBytes(document instanceof Uint8Array ? document : JSON.stringify(document));
    const digest = sha256Of(bytes);
    const { subject } = JSON.parse(new TextDecoder().decode(bytes));
    this.manifests.set(digest, { mediaType, bytes, subject: subject?.digest });
    if (tag !== undefined) this.tags.set(tag, digest);
    return { mediaType, digest, size: bytes.length };
  }

  /**
   * Finds a manifest.
   *
   * @param name A tag or a digest.
   * @returns The manifest and its digest, if it is there.
   */
  findManifest(name: string): (StoredManifest & { digest: Digest }) | undefined {
    const digest = this.tags.get(name) ?? (name as Digest);
    const manifest = this.manifests.get(digest);
    return manifest && { ...manifest, digest };
  }

  /**
   * Reads a manifest.
   *
   * @typeParam T What it must be; nothing is checked.
   * @param name A tag or a digest.
   * @returns The JSON.
   */
  readManifest<T = { config: Descriptor; layers: Descriptor[] }>(name: string): T {
    const manifest = this.findManifest(name);
    if (!manifest) throw new RangeError(`Cannot read manifest "${name}": it is not in the test registry`);
    return JSON.parse(new TextDecoder().decode(manifest.bytes));
  }
}

/**
 * Hashes bytes.
 *
 * @param bytes What to hash.
 * @returns A SHA-256 digest.
 */
export function sha256Of(bytes: Uint8Array): Digest {
  return sha256Digest(createHash("sha256").update(bytes).digest("hex"));
}

function toBytes(content: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
}
