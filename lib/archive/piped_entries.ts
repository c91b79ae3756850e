import { digestOf } from "../spec/digest.ts";
import { BufferRing } from "../util/buffer_ring.ts";
import { streamRange } from "../util/range_stream.ts";
import type { BlobRange } from "../util/stream_body.ts";
import type { ArchiveEntries, ArchiveEntry, KnownContent } from "./archive_entries.ts";
import { unsupportedArchive } from "./archive_error.ts";
import { partOf } from "../util/part_of.ts";
import { TarIndex } from "./tar/tar_index.ts";
import type { TarEntry } from "./tar/tar_reader.ts";

/** What came once has no identity of its own; what is named by a digest is the same whenever it comes. */
const IDENTITY = "pipe";

/** What is left of a file that has passed: all of it, or what it was. */
type Remains = { bytes: Uint8Array } | { known: KnownContent };

/** The entries of a tar archive that has passed, or is passing: small files were kept, of others it is known what they were. */
export class PipedEntries implements ArchiveEntries {
  /** As the user named it. */
  readonly path: string;
  /** What it is. */
  readonly kind = "tar archive";
  readonly #index: TarIndex;
  /** By where the entry was. */
  readonly #remains = new Map<number, Remains>();

  /**
   * Starts empty.
   *
   * @param path As the user named the archive.
   */
  constructor(path: string) {
    this.path = path;
    this.#index = new TarIndex(path, async (a, b) => await this.#digestOf(a) === await this.#digestOf(b));
  }

  /**
   * Adds an entry, in the order of the archive.
   *
   * @param entry As it was read.
   * @returns The same under its normal name; `undefined` if its name is unusable.
   * @throws {PusherError} `ARCHIVE_UNSUPPORTED` if all names together are beyond all measure.
   */
  add(entry: TarEntry): TarEntry | undefined {
    return this.#index.add(entry);
  }

  /**
   * Says what is left of a file.
   *
   * @param entry The file, as it was added.
   * @param remains All of it, or what is known of it.
   */
  leave(entry: TarEntry, remains: Remains): void {
    this.#remains.set(entry.offsetBytes, remains);
  }

  /**
   * Whether there is an entry of this name, whatever it is.
   *
   * @param name A normal name.
   * @returns Whether there is.
   */
  has(name: string): Promise<boolean> {
    return Promise.resolve(this.#index.has(name));
  }

  /**
   * Finds the file of a name, through links if need be.
   *
   * @param name Any form of its name.
   * @returns The file; `undefined` if there is none, or a link leads nowhere.
   * @throws {PusherError} As `TarIndex.find`.
   */
  async find(name: string): Promise<ArchiveEntry | undefined> {
    const entry = await this.#index.find(name);
    return entry && this.#toEntry(entry);
  }

  /**
   * Lists all entries.
   *
   * @returns Their normal names, in the order of the archive.
   */
  names(): Promise<Iterable<string>> {
    return Promise.resolve(this.#index.names);
  }

  async #digestOf({ offsetBytes }: TarEntry): Promise<string | undefined> {
    const remains = this.#remains.get(offsetBytes);
    return remains && ("known" in remains ? remains.known.digest : await digestOf(remains.bytes));
  }

  #toEntry(entry: TarEntry): ArchiveEntry {
    const { name, sizeBytes } = entry;
    const remains = this.#remains.get(entry.offsetBytes);
    const bytes = remains && "bytes" in remains ? remains.bytes : undefined;
    const kept = (): Uint8Array => {
      if (!bytes) throw this.#passed(name);
      return bytes;
    };
    return {
      name,
      sizeBytes,
      identity: IDENTITY,
      known: remains && "known" in remains ? remains.known : undefined,
      // deno-lint-ignore require-await
      read: async (lengthBytes) => kept().slice(0, lengthBytes),
      open: (range = {}) => streamBytes(kept(), range),
    };
  }

  #passed(name: string): Error {
    return unsupportedArchive(this.path, {
      found: "passed entry",
      reason: `the content of "${name}" was needed a second time, but can be read only once`,
      hint:
        "Write the archive to an uncompressed file and push that. With --registry, the registry also has to " +
        "allow mounting blobs from one of its repositories into another; -t needs no mounting.",
    });
  }
}

function streamBytes(bytes: Uint8Array, range: BlobRange): ReadableStream<Uint8Array> {
  const { offsetBytes, lengthBytes } = partOf(bytes.length, range);
  let rest = bytes.subarray(offsetBytes, offsetBytes + lengthBytes);
  return streamRange(lengthBytes, {
    read(into) {
      into.set(rest.subarray(0, into.length));
      rest = rest.subarray(into.length);
      return Promise.resolve();
    },
    close: () => {},
    buffers: range.buffers ?? new BufferRing(),
    tap: range.tap,
  });
}
