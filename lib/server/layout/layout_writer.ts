import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import type { Clock } from "../../util/clock.ts";
import type { ShaAlgorithm } from "../../util/sha256.ts";
import type { Deletion, NewManifest, RegistryWriter } from "../registry_store.ts";
import { withEntry, withoutManifest, withoutTag } from "./layout_entry.ts";
import type { LayoutStore } from "./layout_store.ts";
import { LayoutUpload } from "./layout_upload.ts";
import type { ServedLayout } from "./served_layout.ts";

/** An upload nobody goes on with is given up then: as long as ours are remembered, and one hour more. */
const UPLOAD_EXPIRY_MS = 25 * 60 * 60 * 1_000;
const SWEEP_INTERVAL_MS = 60 * 60 * 1_000;
const UPLOAD_ID_REGEXP = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The writing side of an image layout, for a registry. */
export class LayoutWriter implements RegistryWriter {
  readonly #layout: ServedLayout;
  readonly #store: LayoutStore;
  readonly #clock: Clock;
  /** Those that this process was asked for: they need not be hashed anew. */
  readonly #uploads = new Map<string, LayoutUpload>();
  #sweptMs = -Infinity;

  /**
   * Writes nothing yet.
   *
   * @param layout The layout; it must have been created.
   * @param surroundings Its reading side, and time.
   */
  constructor(layout: ServedLayout, { store, clock }: { store: LayoutStore; clock: Clock }) {
    this.#layout = layout;
    this.#store = store;
    this.#clock = clock;
  }

  /** Begins an upload, and gives up those that are too old. */
  async startUpload(_: string, algorithm: ShaAlgorithm): Promise<LayoutUpload> {
    await this.#sweep();
    const id = crypto.randomUUID();
    // The file is there from now on, so that the upload is found also by another process.
    (await this.#layout.openIngest(id))?.[Symbol.dispose]();
    return this.#remember(id, { algorithm, sizeBytes: 0 });
  }

  /** Finds an upload, of this process or an earlier one. */
  async findUpload(_: string, id: string): Promise<LayoutUpload | undefined> {
    if (!UPLOAD_ID_REGEXP.test(id)) return undefined;
    const sizeBytes = await this.#layout.ingestSize(id);
    if (sizeBytes === undefined) return undefined;
    return this.#uploads.get(id) ?? this.#remember(id, { algorithm: "sha256", sizeBytes });
  }

  /** All repositories have the same blobs. */
  async mountBlob(digest: Digest): Promise<boolean> {
    return await this.#layout.blobSize(digest) !== undefined;
  }

  /** Writes a manifest, then lists it. */
  async putManifest(
    repository: string,
    { mediaType, digest, bytes, tag }: NewManifest,
  ): Promise<void> {
    const manifest = { mediaType, digest, size: bytes.length };
    using _held = await this.#writeHeld(manifest, bytes);
    await this.#change((entries) => withEntry(entries, manifest, { repository, tag }));
  }

  /** Takes a tag away. */
  async deleteTag(repository: string, tag: string): Promise<Deletion> {
    const isChanged = await this.#change((entries) => withoutTag(entries, { repository, tag }));
    return isChanged ? "deleted" : "unknown";
  }

  /** Takes a manifest away, unless an index lists it; its blob as well if no other repository has it. */
  async deleteManifest(repository: string, digest: Digest): Promise<Deletion> {
    const { named } = await this.#store.list();
    if (named.has(digest)) return "in-use";
    let isLeft = false;
    const isChanged = await this.#change((entries) => {
      const rest = withoutManifest(entries, digest, repository);
      isLeft = rest.some((entry) => entry.digest === digest);
      return rest;
    });
    if (isChanged && !isLeft) await this.#layout.removeBlob(digest, { isUnlisted: true });
    return isChanged ? "deleted" : "unknown";
  }

  /** Takes a blob away from all repositories, unless a manifest names it. */
  async deleteBlob(_: string, digest: Digest): Promise<Deletion> {
    const { named, catalog } = await this.#store.list();
    const isManifest = catalog.names.some((repository) => catalog.find(repository, digest));
    if (named.has(digest) || isManifest) return "in-use";
    return await this.#layout.removeBlob(digest) === undefined ? "unknown" : "deleted";
  }

  /** Writes a manifest that nobody removes before it is listed. */
  async #writeHeld(manifest: Descriptor, bytes: Uint8Array): Promise<Disposable> {
    for (;;) {
      await this.#layout.writeBlob(manifest, bytes);
      const held = await this.#layout.holdBlob(manifest.digest);
      // Another request may just have deleted it.
      if (held) return held;
    }
  }

  async #change(make: (entries: readonly Descriptor[]) => readonly Descriptor[]): Promise<boolean> {
    let isChanged = false;
    await this.#layout.updateIndex((entries) => {
      const changed = make(entries);
      isChanged = changed !== entries;
      return changed;
    });
    this.#store.forget();
    return isChanged;
  }

  #remember(id: string, options: { algorithm: ShaAlgorithm; sizeBytes: number }): LayoutUpload {
    const upload = new LayoutUpload(id, this.#layout, {
      ...options,
      onEnd: () => void this.#uploads.delete(id),
    });
    this.#uploads.set(id, upload);
    return upload;
  }

  async #sweep(): Promise<void> {
    const nowMs = this.#clock.now();
    if (nowMs - this.#sweptMs < SWEEP_INTERVAL_MS) return;
    this.#sweptMs = nowMs;
    await this.#layout.sweep(nowMs - UPLOAD_EXPIRY_MS);
    for (const id of this.#uploads.keys()) {
      if (await this.#layout.ingestSize(id) === undefined) this.#uploads.delete(id);
    }
  }
}
