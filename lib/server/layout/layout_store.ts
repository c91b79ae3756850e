import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import { DocumentError, MAX_DOCUMENT_BYTES } from "../../spec/documents.ts";
import { isIndexType, isManifestType } from "../../spec/media_type.ts";
import type { Clock } from "../../util/clock.ts";
import { SingleFlight } from "../../util/single_flight.ts";
import { type ManifestDocument, parseManifestDocument } from "../manifest_document.ts";
import type { HeldBlob, HeldManifest, RegistryStore, RegistryWriter } from "../registry_store.ts";
import { RepositoryCatalog } from "../repository_catalog.ts";
import { placeOf } from "./layout_entry.ts";
import { LayoutWriter } from "./layout_writer.ts";
import type { ServedLayout } from "./served_layout.ts";

/** What an image layout lists, as it was read. */
export interface ListedContents {
  /** What can be pulled. */
  catalog: RepositoryCatalog;
  /** What some manifest names: it must not be taken away. */
  named: ReadonlySet<Digest>;
}

/**
 * What a registry keeps in an image layout, which `skopeo copy oci:DIR:repository:tag` reads. Several processes may write
 * it: changes by others are noticed.
 */
export class LayoutStore implements RegistryStore {
  /** Takes what is pushed. */
  readonly writer: RegistryWriter;
  readonly #layout: ServedLayout;
  readonly #reading = new SingleFlight<ListedContents>();
  #listed: ListedContents | undefined;
  /** What the index was when it was read, and how often it was changed from here. */
  #version: string | undefined;
  #changes = 0;
  /** Of manifests that were listed last time. */
  #documents = new Map<Digest, ManifestDocument>();

  /**
   * Reads nothing yet.
   *
   * @param layout The layout; it must have been created.
   * @param clock Time.
   */
  constructor(layout: ServedLayout, clock: Clock) {
    this.#layout = layout;
    this.writer = new LayoutWriter(layout, { store: this, clock });
  }

  /**
   * Reads what the layout lists, unless that is known.
   *
   * @returns What it lists now.
   * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`.
   */
  async list(): Promise<ListedContents> {
    const version = `${this.#changes} ${await this.#layout.indexVersion()}`;
    if (this.#listed && version === this.#version) return this.#listed;
    return await this.#reading.do(version, async () => {
      const listed = await this.#read();
      this.#version = version;
      return this.#listed = listed;
    });
  }

  /** Forgets what is known: the layout was changed from here, maybe within the same millisecond. */
  forget(): void {
    this.#changes++;
  }

  /** Names of all repositories. */
  async repositories(): Promise<readonly string[]> {
    return (await this.list()).catalog.names;
  }

  /** Tags of a repository. */
  async tags(repository: string): Promise<readonly string[] | undefined> {
    return (await this.list()).catalog.tags(repository);
  }

  /** Finds a manifest by tag or digest. */
  async findManifest(repository: string, name: string): Promise<HeldManifest | undefined> {
    return (await this.list()).catalog.find(repository, name);
  }

  /** Lists what refers to a manifest. */
  async referrers(repository: string, subject: Digest): Promise<readonly Descriptor[]> {
    return await (await this.list()).catalog.referrers(repository, subject);
  }

  /** Finds a blob; all repositories have the same. */
  async findBlob(_: string, digest: Digest): Promise<HeldBlob | undefined> {
    const sizeBytes = await this.#layout.blobSize(digest);
    if (sizeBytes === undefined) return undefined;
    return {
      sizeBytes,
      open: async (range) => {
        const content = await this.#layout.openBlob(digest, range);
        if (!content) throw new Error(`Cannot read blob ${digest}: it has just been removed`);
        return content;
      },
    };
  }

  async #read(): Promise<ListedContents> {
    const catalog = new RepositoryCatalog();
    const named = new Set<Digest>();
    const documents = new Map<Digest, ManifestDocument>();
    const seen = new Set<string>();
    const visit = async (descriptor: Descriptor, repository?: string, tag?: string): Promise<void> => {
      const document = documents.get(descriptor.digest) ?? await this.#readDocument(descriptor);
      if (!document) return;
      documents.set(descriptor.digest, document);
      if (repository !== undefined) catalog.add(repository, this.#held(descriptor, document), tag);
      if (seen.has(`${repository} ${descriptor.digest}`)) return;
      seen.add(`${repository} ${descriptor.digest}`);
      for (const digest of document.blobs) named.add(digest);
      for (const child of document.manifests) {
        named.add(child.digest);
        await visit(child, repository);
      }
    };
    for (const entry of (await this.#layout.readIndex()).manifests) {
      const { repository, tag } = placeOf(entry) ?? {};
      await visit(entry, repository, tag);
    }
    this.#documents = documents;
    return { catalog, named };
  }

  #held({ mediaType, digest, size }: Descriptor, { subject }: ManifestDocument): HeldManifest {
    return {
      descriptor: { mediaType, digest, size },
      subject,
      read: async () => {
        const bytes = await this.#readManifest({ digest, size });
        if (!bytes) throw new Error(`Cannot read manifest ${digest}: it has just been removed`);
        return bytes;
      },
    };
  }

  /** What is not there, or damaged, is not served. */
  async #readDocument(descriptor: Descriptor): Promise<ManifestDocument | undefined> {
    const { mediaType, digest } = descriptor;
    if (!isIndexType(mediaType) && !isManifestType(mediaType)) return undefined;
    const known = this.#documents.get(digest);
    if (known) return known;
    const bytes = await this.#readManifest(descriptor);
    try {
      return bytes && parseManifestDocument(bytes, mediaType);
    } catch (error) {
      if (error instanceof DocumentError) return undefined;
      throw error;
    }
  }

  async #readManifest(
    { digest, size }: Pick<Descriptor, "digest" | "size">,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (size > MAX_DOCUMENT_BYTES || await this.#layout.blobSize(digest) !== size) return undefined;
    const bytes = await this.#layout.readBlob(digest);
    return bytes && new Uint8Array(bytes);
  }
}
