import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import { parseManifestDocument } from "./manifest_document.ts";
import type { HeldManifest } from "./registry_store.ts";

/** What a repository lists. */
interface Repository {
  manifests: Map<string, HeldManifest>;
  tags: Map<string, Digest>;
}

/** Which manifests and tags there are, repository by repository. */
export class RepositoryCatalog {
  #repositories = new Map<string, Repository>();

  /** Names of all repositories. */
  get names(): string[] {
    return [...this.#repositories.keys()];
  }

  /**
   * Adds a manifest.
   *
   * @param repository Where.
   * @param manifest The manifest.
   * @param tag Points at it, unless it points at another one already.
   * @returns What the tag points at.
   */
  add(repository: string, manifest: HeldManifest, tag?: string): Digest {
    const { digest } = manifest.descriptor;
    const { manifests, tags } = this.#open(repository);
    if (!manifests.has(digest)) manifests.set(digest, manifest);
    if (tag !== undefined && !tags.has(tag)) tags.set(tag, digest);
    return tags.get(tag ?? "") ?? digest;
  }

  /**
   * Lists the tags of a repository.
   *
   * @param repository Which.
   * @returns The tags; `undefined` if there is no such repository.
   */
  tags(repository: string): string[] | undefined {
    const found = this.#repositories.get(repository);
    return found && [...found.tags.keys()];
  }

  /**
   * Finds a manifest.
   *
   * @param repository Where.
   * @param name Its tag or digest.
   * @returns The manifest, if it is there.
   */
  find(repository: string, name: string): HeldManifest | undefined {
    const found = this.#repositories.get(repository);
    return found?.manifests.get(found.tags.get(name) ?? name);
  }

  /**
   * Lists what refers to a manifest.
   *
   * @param repository Where.
   * @param subject Digest of the manifest.
   * @returns Descriptors as the referrers API gives them.
   */
  async referrers(repository: string, subject: Digest): Promise<Descriptor[]> {
    const manifests = this.#repositories.get(repository)?.manifests.values() ?? [];
    const referring = [...manifests].filter((manifest) => manifest.subject === subject);
    return await Promise.all(referring.map(referrerEntry));
  }

  #open(name: string): Repository {
    const found = this.#repositories.get(name) ?? { manifests: new Map(), tags: new Map() };
    this.#repositories.set(name, found);
    return found;
  }
}

async function referrerEntry({ descriptor, read }: HeldManifest): Promise<Descriptor> {
  const { mediaType, digest, size } = descriptor;
  const { artifactType, annotations } = parseManifestDocument(await read(), mediaType);
  return { mediaType, digest, size, artifactType, annotations };
}
