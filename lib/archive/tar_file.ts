import type { BlobRange } from "../util/stream_body.ts";
import type { ArchiveEntries, ArchiveEntry } from "./archive_entries.ts";
import { corruptArchive } from "./archive_error.ts";
import type { ArchiveFile } from "./archive_file.ts";
import { partOf } from "./part_of.ts";
import { indexTar, type TarIndex } from "./tar_index.ts";
import type { TarEntry } from "./tar_reader.ts";

/** The entries of a tar file: an index of its headers, and bodies read from where they are. */
export class TarFile implements ArchiveEntries {
  readonly path: string;
  readonly #file: ArchiveFile;
  readonly #index: TarIndex;

  /**
   * Takes over what is known; {@linkcode TarFile.read} reads it.
   *
   * @param file The file; closing it is left to whoever opened it.
   * @param index Its entries.
   */
  constructor(file: ArchiveFile, index: TarIndex) {
    this.path = file.path;
    this.#file = file;
    this.#index = index;
  }

  /**
   * Reads the headers of a tar file.
   *
   * @param file The file; closing it is left to whoever opened it.
   * @returns Its entries.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if it is damaged or cut, `ARCHIVE_UNSUPPORTED` if it is beyond all measure.
   */
  static async read(file: ArchiveFile): Promise<TarFile> {
    return new TarFile(file, await indexTar(file));
  }

  has(name: string): Promise<boolean> {
    return Promise.resolve(this.#index.has(name));
  }

  async find(name: string): Promise<ArchiveEntry | undefined> {
    const entry = await this.#index.find(name);
    return entry && this.#toEntry(entry);
  }

  names(): Promise<Iterable<string>> {
    return Promise.resolve(this.#index.names);
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
        return file.stream(
          { name, offsetBytes: offsetBytes + part.offsetBytes, sizeBytes: part.lengthBytes },
          range,
        );
      },
    };
  }
}
