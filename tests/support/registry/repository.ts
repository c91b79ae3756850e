import { createHash, type Hash } from "node:crypto";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { type Digest, sha256Digest } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { ConnectionLost } from "./http_message.ts";

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

/** An upload on its way: the session's state, not its HTTP face. */
export class UploadSession {
  /** Content so far, absent once it was too much to keep. */
  parts: Uint8Array[] | undefined = [];
  /** Bytes so far. */
  sizeBytes = 0;
  /** Names it in its Location. */
  readonly id: string;
  #hash: Hash = createHash("sha256");
  /** Counts the requests that wrote, so that one which hangs cannot write into the turn of the next. */
  #turn = 0;
  readonly #maxKeptBytes: number;

  /**
   * Starts an empty upload.
   *
   * @param id Names it.
   * @param maxKeptBytes More than this is only hashed.
   */
  constructor(id: string, maxKeptBytes: number) {
    this.id = id;
    this.#maxKeptBytes = maxKeptBytes;
  }

  /**
   * Takes the body of a request, keeping what came when it is cut.
   *
   * @param body The next bytes of the blob.
   * @throws {ConnectionLost} If the body is cut, or another request took over.
   */
  async append(body: AsyncIterable<Uint8Array>): Promise<void> {
    const turn = ++this.#turn;
    for await (const bytes of body) {
      if (turn !== this.#turn) throw new ConnectionLost("another request goes on with this upload");
      this.#hash.update(bytes);
      this.sizeBytes += bytes.length;
      if (this.sizeBytes > this.#maxKeptBytes) this.parts = undefined;
      this.parts?.push(bytes.slice());
    }
  }

  /**
   * Remembers the state of now.
   *
   * @returns Goes back to it.
   */
  snapshot(): () => void {
    const { sizeBytes, parts } = this;
    const hash = this.#hash.copy();
    const count = parts?.length;
    return () => {
      this.sizeBytes = sizeBytes;
      this.#hash = hash;
      this.parts = parts?.slice(0, count);
    };
  }

  /**
   * The digest of what it holds.
   *
   * @returns A SHA-256 digest.
   */
  digest(): Digest {
    return sha256Digest(this.#hash.copy().digest("hex"));
  }
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

/** All repositories of a registry, created when first named. */
export class RepositoryStore {
  readonly #repositories = new Map<string, Repository>();

  /**
   * Finds or creates a repository.
   *
   * @param name Its name.
   * @returns The repository.
   */
  get(name: string): Repository {
    const found = this.#repositories.get(name) ?? new Repository();
    this.#repositories.set(name, found);
    return found;
  }

  /**
   * Finds a repository.
   *
   * @param name Its name.
   * @returns The repository, if anything was ever done in it.
   */
  find(name: string): Repository | undefined {
    return this.#repositories.get(name);
  }

  /**
   * Lists the repositories that hold manifests.
   *
   * @returns Their names, sorted.
   */
  names(): string[] {
    const held = [...this.#repositories].filter(([, { manifests }]) => manifests.size > 0);
    return held.map(([name]) => name).sort();
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
