import { parseManifestDocument } from "../../../lib/server/manifest_document.ts";
import type {
  Deletion,
  HeldBlob,
  HeldManifest,
  NewManifest,
  RegistryStore,
  RegistryWriter,
} from "../../../lib/server/registry_store.ts";
import { RepositoryCatalog } from "../../../lib/server/repository_catalog.ts";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import type { Digest } from "../../../lib/spec/digest.ts";
import type { ShaAlgorithm } from "../../../lib/util/sha256.ts";
import { Repository, type StoredManifest } from "./repository.ts";
import { UploadSession } from "./upload_session.ts";

/** What a registry keeps, in memory, where tests may look at it and change it. */
export class MemoryStore implements RegistryStore, RegistryWriter {
  /** Takes what is pushed. */
  readonly writer: RegistryWriter = this;
  readonly #maxKeptBytes: number;
  readonly #repositories = new Map<string, Repository>();

  /**
   * Starts empty.
   *
   * @param maxKeptBytes Blobs larger than this are only hashed, not kept.
   */
  constructor(maxKeptBytes: number) {
    this.#maxKeptBytes = maxKeptBytes;
  }

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

  /** Names of the repositories that hold manifests. */
  repositories(): Promise<readonly string[]> {
    const held = [...this.#repositories].filter(([, { manifests }]) => manifests.size > 0);
    return Promise.resolve(held.map(([name]) => name));
  }

  /** Tags of a repository. */
  tags(repository: string): Promise<readonly string[] | undefined> {
    const tags = this.find(repository)?.tags.keys();
    return Promise.resolve(tags && [...tags]);
  }

  /** Finds a manifest by tag or digest. */
  findManifest(repository: string, name: string): Promise<HeldManifest | undefined> {
    const manifest = this.find(repository)?.findManifest(name);
    return Promise.resolve(manifest && heldManifest(manifest.digest, manifest));
  }

  /** Lists what refers to a manifest. */
  referrers(repository: string, subject: Digest): Promise<readonly Descriptor[]> {
    const catalog = new RepositoryCatalog();
    for (const [digest, manifest] of this.find(repository)?.manifests ?? []) {
      catalog.add(repository, heldManifest(digest, manifest));
    }
    return catalog.referrers(repository, subject);
  }

  /** Finds a blob. It can be opened if it was kept. */
  findBlob(repository: string, digest: Digest): Promise<HeldBlob | undefined> {
    const blob = this.find(repository)?.blobs.get(digest);
    if (!blob) return Promise.resolve(undefined);
    const { sizeBytes, parts } = blob;
    const open: HeldBlob["open"] = (range = {}) => {
      if (!parts) throw new RangeError(`Cannot read blob ${digest}: the test registry has only hashed it`);
      return Promise.resolve(ReadableStream.from(partsWithin(parts, range)));
    };
    return Promise.resolve({ sizeBytes, open });
  }

  /** Begins an upload. */
  startUpload(repository: string, algorithm: ShaAlgorithm): Promise<UploadSession> {
    const options = { algorithm, maxKeptBytes: this.#maxKeptBytes };
    return Promise.resolve(new UploadSession(this.get(repository), options));
  }

  /** Finds an upload. */
  findUpload(repository: string, id: string): Promise<UploadSession | undefined> {
    return Promise.resolve(this.find(repository)?.uploads.get(id));
  }

  /** Mounts a blob, if it is told where from. */
  mountBlob(
    digest: Digest,
    { from = "", to }: { from?: string | undefined; to: string },
  ): Promise<boolean> {
    const blob = this.find(from)?.blobs.get(digest);
    if (blob) this.get(to).blobs.set(digest, blob);
    return Promise.resolve(blob !== undefined);
  }

  /** Keeps a manifest. */
  putManifest(repository: string, { mediaType, digest, bytes, tag }: NewManifest): Promise<void> {
    const { manifests, tags } = this.get(repository);
    const { subject } = parseManifestDocument(bytes, mediaType);
    manifests.set(digest, { mediaType, bytes, subject });
    if (tag !== undefined) tags.set(tag, digest);
    return Promise.resolve();
  }

  /** Takes a tag away. */
  deleteTag(repository: string, tag: string): Promise<Deletion> {
    return deletion(this.find(repository)?.tags.delete(tag));
  }

  /** Takes a manifest away, with the tags that point at it. */
  deleteManifest(repository: string, digest: Digest): Promise<Deletion> {
    const { manifests, tags } = this.get(repository);
    for (const [tag, target] of tags) if (target === digest) tags.delete(tag);
    return deletion(manifests.delete(digest));
  }

  /** Takes a blob away. */
  deleteBlob(repository: string, digest: Digest): Promise<Deletion> {
    return deletion(this.find(repository)?.blobs.delete(digest));
  }
}

function heldManifest(digest: Digest, { mediaType, bytes, subject }: StoredManifest): HeldManifest {
  const descriptor = { mediaType, digest, size: bytes.length };
  return { descriptor, subject, read: () => Promise.resolve(bytes) };
}

function* partsWithin(
  parts: readonly Uint8Array[],
  { offsetBytes = 0, lengthBytes = Infinity }: { offsetBytes?: number; lengthBytes?: number },
): Generator<Uint8Array> {
  let startBytes = 0;
  for (const part of parts) {
    const from = Math.max(offsetBytes - startBytes, 0);
    const to = Math.max(offsetBytes + lengthBytes - startBytes, 0);
    const wanted = part.subarray(from, to);
    if (wanted.length > 0) yield wanted;
    startBytes += part.length;
  }
}

function deletion(isDeleted = false): Promise<Deletion> {
  return Promise.resolve(isDeleted ? "deleted" : "unknown");
}
