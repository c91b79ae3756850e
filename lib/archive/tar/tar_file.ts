import type { BlobRange } from "../../util/stream_body.ts";
import type { ArchiveEntry, OpenEntries } from "../archive_entries.ts";
import { corruptArchive } from "../archive_error.ts";
import { ArchiveFile } from "../archive_file.ts";
import { notTar } from "../not_an_image.ts";
import { partOf } from "../../util/part_of.ts";
import { hasTarChecksum, isZeroBlock, TAR_BLOCK_BYTES } from "./tar_header.ts";
import { indexTar, type TarIndex } from "./tar_index.ts";
import type { TarEntry } from "./tar_reader.ts";

/** The entries of a tar file: an index of its headers, and bodies read from where they are. */
export class TarFile implements OpenEntries {
  /** What it is. */
  readonly kind = "tar archive";
  readonly #file: ArchiveFile;
  readonly #index: TarIndex;

  /**
   * Takes over what is known; {@linkcode TarFile.open} reads it.
   *
   * @param file The file, closed with this object.
   * @param index Its entries.
   */
  constructor(file: ArchiveFile, index: TarIndex) {
    this.#file = file;
    this.#index = index;
  }

  /**
   * Opens a tar file and reads its headers.
   *
   * @param path The file.
   * @returns Its entries.
   * @throws {PusherError} `ARCHIVE_NOT_FOUND` if it is missing or may not be read, `ARCHIVE_CORRUPT` if it is damaged
   * or cut, `ARCHIVE_UNSUPPORTED` if it is something else or beyond all measure.
   */
  static async open(path: string): Promise<TarFile> {
    using resources = new DisposableStack();
    const file = resources.use(await ArchiveFile.open(path));
    const start = new Uint8Array(Math.min(TAR_BLOCK_BYTES, file.sizeBytes));
    await file.readAt(start, 0);
    const isTar = hasTarChecksum(start) || (start.length === TAR_BLOCK_BYTES && isZeroBlock(start));
    if (!isTar) throw notTar(path, start);
    const index = await indexTar(file);
    resources.move();
    return new TarFile(file, index);
  }

  /** The file as it was given. */
  get path(): string {
    return this.#file.path;
  }

  /** Size of the file. */
  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  /** Bytes read so far. */
  get readBytes(): number {
    return this.#file.readBytes;
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
   * @returns Their normal names, in the order of the file.
   */
  names(): Promise<Iterable<string>> {
    return Promise.resolve(this.#index.names);
  }

  /** Whether the file is still what it was when it was opened. */
  isUnchanged(): Promise<boolean> {
    return this.#file.isUnchanged();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #toEntry({ name, sizeBytes, offsetBytes }: TarEntry): ArchiveEntry {
    const file = this.#file;
    return {
      name,
      sizeBytes,
      identity: file.identity,
      async read(lengthBytes) {
        const bytes = new Uint8Array(lengthBytes);
        const read = await file.readAt(bytes, offsetBytes);
        if (read < lengthBytes) {
          throw corruptArchive(file.path, `the file ends inside "${name}"`, { entry: name });
        }
        return bytes;
      },
      open(range: BlobRange = {}) {
        const part = partOf(sizeBytes, range);
        const inFile = { name, offsetBytes: offsetBytes + part.offsetBytes, sizeBytes: part.lengthBytes };
        return file.stream(inFile, range);
      },
    };
  }
}
