import type { Digest } from "../spec/digest.ts";
import { parseManifestDocument } from "./manifest_document.ts";
import type { Deletion, NewManifest, RegistryStore, RegistryWriter } from "./registry_store.ts";

/**
 * Several stores as one. Where two have the same tag, the first wins. What is pushed goes to the first one that takes it,
 * and so does what it needs of the others, so that that one is complete by itself.
 *
 * @param stores The stores.
 * @returns All of them.
 */
export function joinStores(stores: readonly RegistryStore[]): RegistryStore {
  const target = stores.find(({ writer }) => writer);
  const others = stores.filter((store) => store !== target);
  return {
    writer: target?.writer && unionWriter(target.writer, { target, others: joinStores(others) }),
    repositories: async () => distinct(await Promise.all(stores.map((store) => store.repositories()))),
    tags: async (repository) => {
      const found = await Promise.all(stores.map((store) => store.tags(repository)));
      const lists = found.filter((tags) => tags !== undefined);
      return lists.length > 0 ? distinct(lists) : undefined;
    },
    findManifest: (repository, name) => first(stores, (store) => store.findManifest(repository, name)),
    referrers: async (repository, subject) => {
      const found = await Promise.all(stores.map((store) => store.referrers(repository, subject)));
      return [...new Map(found.flat().map((descriptor) => [descriptor.digest, descriptor])).values()];
    },
    findBlob: (repository, digest) => first(stores, (store) => store.findBlob(repository, digest)),
  };
}

function unionWriter(
  writer: RegistryWriter,
  { target, others }: { target: RegistryStore; others: RegistryStore },
): RegistryWriter {
  const readOnlyIf = async (isThere: Promise<unknown>, deletion: Deletion): Promise<Deletion> =>
    deletion === "unknown" && await isThere ? "read-only" : deletion;
  return {
    startUpload: (repository, algorithm) => writer.startUpload(repository, algorithm),
    findUpload: (repository, id) => writer.findUpload(repository, id),
    mountBlob: async (digest, repositories) =>
      await writer.mountBlob(digest, repositories) ||
      await others.findBlob(repositories.from ?? repositories.to, digest) !== undefined,
    async putManifest(repository, manifest) {
      await bringParts(manifest, { repository, writer, target, others });
      await writer.putManifest(repository, manifest);
    },
    deleteTag: async (repository, tag) =>
      await readOnlyIf(others.findManifest(repository, tag), await writer.deleteTag(repository, tag)),
    deleteManifest: async (repository, digest) =>
      await readOnlyIf(
        others.findManifest(repository, digest),
        await writer.deleteManifest(repository, digest),
      ),
    deleteBlob: async (repository, digest) =>
      await readOnlyIf(others.findBlob(repository, digest), await writer.deleteBlob(repository, digest)),
  };
}

/** Copies what a manifest names and only the others have. */
async function bringParts(
  { bytes, mediaType }: NewManifest,
  place: { repository: string; writer: RegistryWriter; target: RegistryStore; others: RegistryStore },
): Promise<void> {
  const { repository, writer, target, others } = place;
  const { blobs, manifests } = parseManifestDocument(bytes, mediaType);
  for (const { digest } of manifests) {
    if (await target.findManifest(repository, digest)) continue;
    const found = await others.findManifest(repository, digest);
    if (!found) continue;
    const child = { mediaType: found.descriptor.mediaType, digest, bytes: await found.read() };
    await bringParts(child, place);
    await writer.putManifest(repository, child);
  }
  for (const digest of blobs) if (!await target.findBlob(repository, digest)) await bringBlob(digest, place);
}

async function bringBlob(
  digest: Digest,
  { repository, writer, others }: { repository: string; writer: RegistryWriter; others: RegistryStore },
): Promise<void> {
  const found = await others.findBlob(repository, digest);
  if (!found) return;
  const upload = await writer.startUpload(repository, "sha256");
  try {
    await upload.append(await found.open());
    const actual = await upload.commit(digest);
    if (actual !== digest) throw new Error(`Cannot copy blob ${digest}: the archive holds ${actual} instead`);
  } catch (error) {
    await upload.cancel();
    throw error;
  }
}

async function first<T>(
  stores: readonly RegistryStore[],
  find: (store: RegistryStore) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const store of stores) {
    const found = await find(store);
    if (found !== undefined) return found;
  }
  return undefined;
}

function distinct(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())];
}
