/**
 * What a registry keeps, as its HTTP side sees it: archives, a directory, or memory.
 *
 * @module
 */

import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import type { BlobRange } from "../util/stream_body.ts";
import type { ShaAlgorithm } from "../util/sha256.ts";

/** What can be read from a registry. */
export interface RegistryStore {
  /** Takes what is pushed; absent where nothing may be changed. */
  readonly writer?: RegistryWriter | undefined;
  /** Names of all repositories, in any order. */
  repositories(): Promise<readonly string[]>;
  /** Tags of a repository, in any order; `undefined` if there is no such repository. */
  tags(repository: string): Promise<readonly string[] | undefined>;
  /**
   * Finds a manifest or index.
   *
   * @param repository Where.
   * @param name Its tag or digest.
   * @returns The manifest; `undefined` if it is not there.
   */
  findManifest(repository: string, name: string): Promise<HeldManifest | undefined>;
  /**
   * Lists what refers to a manifest.
   *
   * @param repository Where.
   * @param subject Digest of the manifest, which need not be there.
   * @returns Descriptors with `artifactType` and `annotations`.
   */
  referrers(repository: string, subject: Digest): Promise<readonly Descriptor[]>;
  /**
   * Finds a blob.
   *
   * @param repository Where.
   * @param digest Which.
   * @returns The blob; `undefined` if it is not there.
   */
  findBlob(repository: string, digest: Digest): Promise<HeldBlob | undefined>;
}

/** A manifest or index that is there. */
export interface HeldManifest {
  /** Names it. */
  readonly descriptor: Descriptor;
  /** Digest of what it refers to, if anything. */
  readonly subject?: Digest | undefined;
  /** Reads its exact bytes. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** A blob that is there. */
export interface HeldBlob {
  /** Its size. */
  readonly sizeBytes: number;
  /**
   * Streams it, or a part. Chunks come in reused buffers: each is valid only until the next one is asked for.
   *
   * @param range Which part; the whole by default.
   */
  open(range?: Pick<BlobRange, "offsetBytes" | "lengthBytes">): Promise<ReadableStream<Uint8Array>>;
}

/** What came of a request to delete. */
export type Deletion = "deleted" | "unknown" | "in-use" | "read-only";

/** What can be changed in a registry. */
export interface RegistryWriter {
  /**
   * Begins to receive a blob.
   *
   * @param repository Where it will be.
   * @param algorithm What its digest will probably be made with.
   * @returns The upload, empty.
   */
  startUpload(repository: string, algorithm: ShaAlgorithm): Promise<Upload>;
  /**
   * Finds an upload that was begun and neither ended nor given up.
   *
   * @param repository Where.
   * @param id Its `id`, of any origin.
   * @returns The upload, if there is one.
   */
  findUpload(repository: string, id: string): Promise<Upload | undefined>;
  /**
   * Makes a blob of another repository one of this repository.
   *
   * @param digest Which.
   * @param repositories Where it is, as far as the client knows, and where it is wanted.
   * @returns Whether it is there now.
   */
  mountBlob(digest: Digest, repositories: { from?: string | undefined; to: string }): Promise<boolean>;
  /**
   * Keeps a manifest; everything it names is there.
   *
   * @param repository Where.
   * @param manifest The manifest.
   */
  putManifest(repository: string, manifest: NewManifest): Promise<void>;
  /** Takes a tag away; what it points at stays. */
  deleteTag(repository: string, tag: string): Promise<Deletion>;
  /** Takes a manifest away, with the tags that point at it. */
  deleteManifest(repository: string, digest: Digest): Promise<Deletion>;
  /** Takes a blob away. */
  deleteBlob(repository: string, digest: Digest): Promise<Deletion>;
}

/** A manifest that is to be kept. */
export interface NewManifest {
  /** As the client said. */
  mediaType: string;
  /** Of the bytes. */
  digest: Digest;
  /** Exactly as they came. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The tag that shall point at it, if any. */
  tag?: string | undefined;
}

/** A blob on its way in. */
export interface Upload {
  /** Names it in its Location. */
  readonly id: string;
  /** Bytes so far. */
  readonly sizeBytes: number;
  /**
   * Appends bytes. What came is kept when the client goes away in the middle. An append that is still under way ends
   * first: a client that comes back has given it up.
   *
   * @param chunks The bytes; each chunk is valid until the next is asked for.
   * @param startBytes Where the client believes to be; anywhere by default.
   * @returns Whether they were taken: `false` if the upload stands elsewhere, and then nothing was read.
   * @throws What reading the chunks throws.
   */
  append(chunks: AsyncIterable<Uint8Array>, startBytes?: number): Promise<boolean>;
  /**
   * Ends the upload. The blob is there afterwards if its digest is the one it should be; otherwise nothing is kept.
   *
   * @param digest What it should be.
   * @returns What it is.
   */
  commit(digest: Digest): Promise<Digest>;
  /** Gives it up. */
  cancel(): Promise<void>;
}
