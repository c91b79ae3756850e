import { PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import { type Image, type ManifestNode, manifestsBottomUp, treesOf } from "../spec/image.ts";
import { isRepository, type Reference } from "../spec/reference.ts";
import { printable } from "../util/printable.ts";
import type { BlobRange } from "../util/stream_body.ts";
import type { HeldManifest, RegistryStore } from "./registry_store.ts";
import { RepositoryCatalog } from "./repository_catalog.ts";

/** Where an image without a name is, if the name of its archive cannot stand as a repository. */
const UNNAMED_REPOSITORY = "unnamed";

/** An open archive whose images are served. */
export interface ServedArchive {
  /** As it was given. */
  readonly path: string;
  /** What it holds. */
  readonly images: readonly Image[];
  /** Throws if it does not hold the blob. */
  identityOf(blob: Descriptor): string;
  /** Whether the file with the blob is what it was when the archive was opened. */
  isUnchanged(blob: Descriptor): Promise<boolean>;
  /** Streams a blob that it holds, or a part. */
  openBlob(blob: Descriptor, range?: BlobRange): ReadableStream<Uint8Array>;
}

/** An image of an archive, as it is asked for. */
export interface ServedImage {
  /** Its repository. */
  repository: string;
  /** Its tag; by digest alone if absent. */
  tag?: string | undefined;
  /** Digest of its manifest or index. */
  digest: Digest;
  /** The archive that it is in. */
  path: string;
}

/** Archives as a registry. */
export interface ArchiveStore {
  /** Reads them in place. */
  store: RegistryStore;
  /** What there is. */
  images: readonly ServedImage[];
  /** Images that have a name which another one had before. */
  hidden: readonly ServedImage[];
}

/**
 * Serves the images of archives in place: a blob is a part of the file. They are found under their names without the
 * registry: `docker.io/library/nginx:1.27` is `library/nginx:1.27`, `r.example/team/app:1` is `team/app:1`. Images without
 * a name are found by their digest, in a repository called like the archive. Blobs are the same in all repositories.
 *
 * @param archives Open archives; the first one that has a name wins.
 * @returns The store, and what is in it. It throws what reading the archives throws.
 *
 * @example An embedded registry, straight from an archive
 * ```ts
 * import { createArchiveStore, createRegistryHandler, openArchive } from "../mod.ts";
 * import assert from "node:assert/strict";
 *
 * using archive = await openArchive("tests/fixtures/archives/docker26-one.tar");
 * const { store, images } = createArchiveStore([archive]);
 * const handler = createRegistryHandler(store);
 * for (const { repository, tag, digest } of images) {
 *   const request = new Request(`http://registry.example/v2/${repository}/manifests/${tag}`);
 *   const answer = await handler(request);
 *   assert.equal(answer.headers.get("Docker-Content-Digest"), digest);
 * }
 * ```
 */
export function createArchiveStore(archives: readonly ServedArchive[]): ArchiveStore {
  const catalog = new RepositoryCatalog();
  const blobs = new Map<Digest, { blob: Descriptor; archive: ServedArchive }>();
  const images: ServedImage[] = [];
  const hidden: ServedImage[] = [];
  for (const archive of archives) {
    for (const image of archive.images) {
      for (const node of manifestsBottomUp(...treesOf(image))) {
        for (const blob of node.blobs) {
          if (!blobs.has(blob.digest) && holds(archive, blob)) blobs.set(blob.digest, { blob, archive });
        }
      }
      for (const name of placesOf(image, archive.path)) {
        const served = { ...name, digest: image.root.descriptor.digest, path: archive.path };
        (add(catalog, image, name) === served.digest ? images : hidden).push(served);
      }
    }
  }
  return { store: storeOf(catalog, blobs), images, hidden };
}

function storeOf(
  catalog: RepositoryCatalog,
  blobs: ReadonlyMap<Digest, { blob: Descriptor; archive: ServedArchive }>,
): RegistryStore {
  return {
    repositories: () => Promise.resolve(catalog.names),
    tags: (repository) => Promise.resolve(catalog.tags(repository)),
    findManifest: (repository, name) => Promise.resolve(catalog.find(repository, name)),
    referrers: (repository, subject) => catalog.referrers(repository, subject),
    findBlob: (_, digest) => {
      const found = blobs.get(digest);
      if (!found) return Promise.resolve(undefined);
      const { blob, archive } = found;
      const open = async (range?: BlobRange): Promise<ReadableStream<Uint8Array>> => {
        // Later, the answer has begun, and can only be cut off.
        if (!await archive.isUnchanged(blob)) throw changed(archive.path);
        return archive.openBlob(blob, range);
      };
      return Promise.resolve({ sizeBytes: blob.size, open });
    },
  };
}

/** What the tag of the image points at then. */
function add(
  catalog: RepositoryCatalog,
  image: Image,
  { repository, tag }: Pick<ServedImage, "repository" | "tag">,
): Digest {
  for (const node of manifestsBottomUp(...treesOf(image))) catalog.add(repository, heldManifest(node));
  return catalog.add(repository, heldManifest(image.root), tag);
}

function heldManifest({ descriptor, bytes, subject }: ManifestNode): HeldManifest {
  return { descriptor, subject: subject?.digest, read: () => Promise.resolve(new Uint8Array(bytes)) };
}

function placesOf({ names }: Image, path: string): Pick<Reference, "repository" | "tag">[] {
  if (names.length === 0) return [{ repository: repositoryOfFile(path) }];
  return names.map(({ repository, tag }) => ({ repository, tag }));
}

function repositoryOfFile(path: string): string {
  const [name = ""] = (path.split(/[/\\]/).findLast((part) => part !== "") ?? "").toLowerCase().split(".");
  const repository = name.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return isRepository(repository) ? repository : UNNAMED_REPOSITORY;
}

function changed(path: string): PusherError<"ARCHIVE_CORRUPT"> {
  const message = `Cannot serve "${printable(path)}": it was changed or removed since it was opened`;
  return new PusherError("ARCHIVE_CORRUPT", message, { detail: { path }, hint: "Start the registry again." });
}

/** Indexes may list what the archive lacks, and layers of others need not be there. */
function holds(archive: ServedArchive, blob: Descriptor): boolean {
  try {
    archive.identityOf(blob);
    return true;
  } catch {
    return false;
  }
}
