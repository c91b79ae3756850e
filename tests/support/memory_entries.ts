import type { ArchiveEntries, ArchiveEntry, KnownContent } from "../../lib/archive/archive_entries.ts";
import { sniffCompression } from "../../lib/archive/compression/compression.ts";
import { digestOf } from "../../lib/spec/digest.ts";
import { type TarMember, toBytes } from "./archives.ts";

/**
 * Files in memory of which layers cannot be read any more, but their digests are known: what a pipe leaves.
 *
 * @param members The files.
 * @param isKept Which can still be read; `.json` files by default.
 * @returns The entries.
 */
export async function memoryEntries(
  members: readonly TarMember[],
  isKept: (name: string) => boolean = (name) => name.endsWith(".json"),
): Promise<ArchiveEntries> {
  const entries = new Map<string, ArchiveEntry>();
  for (const { name, body = "" } of members) {
    const bytes = toBytes(body);
    const known: KnownContent = { digest: await digestOf(bytes), compression: sniffCompression(bytes) };
    entries.set(name, {
      name,
      sizeBytes: bytes.length,
      identity: "memory",
      known,
      read: (lengthBytes) =>
        isKept(name)
          ? Promise.resolve(bytes.slice(0, lengthBytes))
          : Promise.reject(new Error(`"${name}" is gone`)),
      open: () => new Blob([bytes]).stream(),
    });
  }
  return {
    path: "-",
    kind: "tar archive",
    has: (name) => Promise.resolve(entries.has(name)),
    find: (name) => Promise.resolve(entries.get(name)),
    names: () => Promise.resolve(entries.keys()),
  };
}
