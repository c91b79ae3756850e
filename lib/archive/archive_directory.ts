import type { BlobRange } from "../util/stream_body.ts";
import type { ArchiveEntry, OpenEntries } from "./archive_entries.ts";
import { corruptArchive, unreadableArchive } from "./archive_error.ts";
import { DiskReader } from "./disk_reader.ts";
import { normalizeEntryName } from "./entry_name.ts";
import { fileIdentity } from "./file_identity.ts";
import { partOf } from "../util/part_of.ts";

/** As it is in real paths. */
const SEPARATOR = Deno.build.os === "windows" ? "\\" : "/";

/** Most names listed. */
const MAX_LISTED_NAMES = 10_000;
/** As in `blobs/sha256/<hex>`. */
const BLOB_DEPTH = 3;

/** An image layout that is not packed: files are read where they are, and only those that the images need. */
export class ArchiveDirectory implements OpenEntries {
  /** As it was given. */
  readonly path: string;
  /** What it is. */
  readonly kind = "directory";
  /** What every path inside starts with: where the directory really is, and a separator. */
  readonly #prefix: string;
  readonly #reader: DiskReader;
  /** Sizes of the files that were found. */
  readonly #sizes = new Map<string, number>();

  /**
   * Starts without having read anything; {@linkcode ArchiveDirectory.open} makes one.
   *
   * @param path The directory as it was given.
   * @param root Where it really is, without links.
   */
  constructor(path: string, root: string) {
    this.path = path;
    this.#prefix = root.endsWith(SEPARATOR) ? root : `${root}${SEPARATOR}`;
    this.#reader = new DiskReader(path);
  }

  /**
   * Opens a directory.
   *
   * @param path The directory.
   * @returns Its files.
   * @throws {PusherError} `ARCHIVE_NOT_FOUND` if it is missing or may not be read.
   */
  static async open(path: string): Promise<ArchiveDirectory> {
    try {
      return new ArchiveDirectory(path, await Deno.realPath(path));
    } catch (error) {
      throw unreadableArchive(path, error);
    }
  }

  /** Bytes of all files that were found so far: those that the images need. */
  get sizeBytes(): number {
    return this.#sizes.values().reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  }

  /** Bytes read so far. */
  get readBytes(): number {
    return this.#reader.readBytes;
  }

  /**
   * Whether there is something of this name.
   *
   * @param name A normal name.
   * @returns Whether there is.
   */
  async has(name: string): Promise<boolean> {
    return await this.#resolve(name) !== undefined;
  }

  /**
   * Finds the file of a name. Links are followed as far as they stay inside the directory.
   *
   * @param name Any form of its name.
   * @returns The file; `undefined` if there is none, or a link leads nowhere.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if it is no file, its links go in circles or leave the directory.
   */
  async find(name: string): Promise<ArchiveEntry | undefined> {
    const normalName = normalizeEntryName(name);
    const path = normalName === undefined ? undefined : await this.#resolve(normalName);
    if (normalName === undefined || path === undefined) return undefined;
    const info = await this.#inspect(normalName, () => Deno.stat(path));
    if (!info?.isFile) throw this.#corrupt(normalName, "is no file");
    this.#sizes.set(path, info.size);
    return this.#toEntry(path, info);
  }

  /**
   * Lists what lies in the directory, down to where layouts have their blobs.
   *
   * @returns Normal names.
   */
  async names(): Promise<Iterable<string>> {
    const names: string[] = [];
    const list = async (directory: string): Promise<void> => {
      for await (const { name, isDirectory } of Deno.readDir(`${this.#prefix}${directory}`)) {
        if (names.length === MAX_LISTED_NAMES) return;
        const path = `${directory}${name}`;
        names.push(path);
        const depth = path.split("/").length;
        if (isDirectory && depth < BLOB_DEPTH) await list(`${path}/`).catch(() => {});
      }
    };
    try {
      await list("");
    } catch (error) {
      throw unreadableArchive(this.path, error);
    }
    return names;
  }

  /** Whether the file of an entry is still what it was when it was found. */
  async isUnchanged({ name, identity }: ArchiveEntry): Promise<boolean> {
    const found = await this.find(name).catch(() => undefined);
    return found?.identity === identity;
  }

  /** Closes the streams that nobody ended. */
  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
  }

  /** Where a file really is, without links. */
  async #resolve(name: string): Promise<string | undefined> {
    const path = await this.#inspect(name, () => Deno.realPath(`${this.#prefix}${name}`));
    if (path !== undefined && !path.startsWith(this.#prefix)) {
      throw this.#corrupt(name, `is a link that leaves the directory, to "${path}"`);
    }
    return path;
  }

  async #inspect<T>(name: string, look: () => Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return undefined;
      }
      if (error instanceof Deno.errors.FilesystemLoop) {
        throw this.#corrupt(name, "is a link that leads back to itself");
      }
      throw unreadableArchive(`${this.path}/${name}`, error);
    }
  }

  #toEntry(path: string, info: Deno.FileInfo): ArchiveEntry {
    const reader = this.#reader;
    const archive = this.path;
    const name = path.slice(this.#prefix.length).replaceAll(SEPARATOR, "/");
    return {
      name,
      sizeBytes: info.size,
      identity: fileIdentity(info),
      async read(lengthBytes) {
        const bytes = new Uint8Array(lengthBytes);
        const handle = await reader.open(path);
        try {
          const read = await reader.readAt(handle, bytes, 0);
          if (read < lengthBytes) {
            throw corruptArchive(archive, `the file ends inside "${name}"`, { entry: name });
          }
        } finally {
          reader.close(handle);
        }
        return bytes;
      },
      open(range: BlobRange = {}) {
        const part = partOf(info.size, range);
        return reader.stream(
          path,
          { name, offsetBytes: part.offsetBytes, sizeBytes: part.lengthBytes },
          range,
        );
      },
    };
  }

  #corrupt(entry: string, reason: string): Error {
    return corruptArchive(this.path, `the entry "${entry}" ${reason}`, {
      entry,
      hint: "Copy the layout again from where it came from, with its links resolved: cp -rL DIRECTORY COPY",
    });
  }
}
