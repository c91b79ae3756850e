import { corruptArchive, unsupportedArchive } from "../archive_error.ts";
import { normalizeEntryName, resolveSymlink } from "../entry_name.ts";
import { ReadWindow } from "../read_window.ts";
import type { SeekableBytes } from "../seekable_bytes.ts";
import { readTarEntries, type TarEntry } from "./tar_reader.ts";

/** Most characters of names and link targets kept, so that memory is bounded: 128 for each of 250,000 entries. */
const MAX_NAMES_LENGTH = 32 * 2 ** 20;

/** Most links from a name to its file, as on Linux; real archives have one or two. */
const MAX_LINKS = 40;

/** Two pieces of this size are held to compare entries of equal names. */
const COMPARE_BYTES = 64 * 2 ** 10;

/**
 * Reads the headers of a tar file.
 *
 * @param source The file.
 * @returns The index.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if it is damaged or cut, `ARCHIVE_UNSUPPORTED` if it is beyond all measure.
 */
export async function indexTar(source: SeekableBytes): Promise<TarIndex> {
  const index = new TarIndex(source.path, (a, b) => haveEqualBytes(source, a, b));
  for await (const entry of readTarEntries(new ReadWindow(source))) index.add(entry);
  return index;
}

/** Where the entries of a tar archive are, by their normal names. No body has been read to know it. */
export class TarIndex {
  readonly #path: string;
  readonly #haveEqualContent: (a: TarEntry, b: TarEntry) => Promise<boolean>;
  /** By name, in the order of the archive; usually one each. */
  readonly #entries = new Map<string, TarEntry[]>();
  #namesLength = 0;

  /**
   * Starts empty.
   *
   * @param path The archive, for messages.
   * @param haveEqualContent Compares two files of equal name and size.
   */
  constructor(path: string, haveEqualContent: (a: TarEntry, b: TarEntry) => Promise<boolean>) {
    this.#path = path;
    this.#haveEqualContent = haveEqualContent;
  }

  /**
   * Adds an entry, in the order of the archive.
   *
   * @param entry As it was read.
   * @returns The same under its normal name; `undefined` if its name is unusable.
   * @throws {PusherError} `ARCHIVE_UNSUPPORTED` if all names together are beyond all measure.
   */
  add(entry: TarEntry): TarEntry | undefined {
    const name = normalizeEntryName(entry.name);
    if (name === undefined) return undefined;
    this.#namesLength += name.length + entry.linkTarget.length;
    if (this.#namesLength > MAX_NAMES_LENGTH) throw tooManyNames(this.#path);
    const named = { ...entry, name };
    const sameName = this.#entries.get(name);
    if (sameName) sameName.push(named);
    else this.#entries.set(name, [named]);
    return named;
  }

  /** Normal names of all entries, in the order of the archive. */
  get names(): Iterable<string> {
    return this.#entries.keys();
  }

  /**
   * Whether there is an entry of this name, whatever it is.
   *
   * @param name A normal name.
   * @returns Whether there is.
   */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /**
   * Finds the file of a name, through links if need be.
   *
   * @param name Any form of its name.
   * @returns The entry with the body; `undefined` if there is none, or a link leads nowhere.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if it is no file, its links go in circles or leave the archive, or
   * entries of this name differ; `ARCHIVE_UNSUPPORTED` if it is stored sparse.
   */
  async find(name: string): Promise<TarEntry | undefined> {
    const passed = new Set<string>();
    let current = normalizeEntryName(name);
    while (current !== undefined) {
      const entry = await this.#theOne(current);
      if (!entry || entry.type === "file") return entry;
      if (entry.type === "sparse") throw sparse(this.#path, current);
      if (entry.type !== "symlink" && entry.type !== "hardlink") throw this.#corrupt(current, "is no file");
      if (passed.has(current)) throw this.#corrupt(current, "is a link that leads back to itself");
      if (passed.size === MAX_LINKS) {
        throw this.#corrupt(name, `is a link over more than ${MAX_LINKS} others`);
      }
      passed.add(current);
      const { linkTarget } = entry;
      const target = entry.type === "symlink"
        ? resolveSymlink(current, linkTarget)
        : normalizeEntryName(linkTarget);
      if (target === undefined) {
        throw this.#corrupt(current, `is a link that leaves the archive, to "${linkTarget}"`);
      }
      current = target;
    }
    return undefined;
  }

  /**
   * Of entries of one name, readers take the first or the last, so what an archive holds would depend on who reads it.
   * Equal ones are normal (crane repeats configs); others are refused, but only when they are needed.
   */
  async #theOne(name: string): Promise<TarEntry | undefined> {
    const [first, ...others] = this.#entries.get(name) ?? [];
    if (!first) return undefined;
    for (const other of others) {
      if (!await this.#areEqual(first, other)) {
        throw this.#corrupt(name, "is there twice, with different content");
      }
    }
    this.#entries.set(name, [first]);
    return first;
  }

  async #areEqual(a: TarEntry, b: TarEntry): Promise<boolean> {
    if (a.type !== b.type || a.sizeBytes !== b.sizeBytes || a.linkTarget !== b.linkTarget) return false;
    return a.type !== "file" || await this.#haveEqualContent(a, b);
  }

  #corrupt(entry: string, reason: string): Error {
    return corruptArchive(this.#path, `the entry "${entry}" ${reason}`, {
      entry,
      hint: "Save the image again with docker save or podman save; do not push what others changed by hand.",
    });
  }
}

async function haveEqualBytes(source: SeekableBytes, a: TarEntry, b: TarEntry): Promise<boolean> {
  const pieceOfA = new Uint8Array(Math.min(COMPARE_BYTES, a.sizeBytes));
  const pieceOfB = new Uint8Array(pieceOfA.length);
  for (let at = 0; at < a.sizeBytes; at += pieceOfA.length) {
    const rest = Math.min(pieceOfA.length, a.sizeBytes - at);
    await source.readAt(pieceOfA.subarray(0, rest), a.offsetBytes + at);
    await source.readAt(pieceOfB.subarray(0, rest), b.offsetBytes + at);
    if (!pieceOfA.subarray(0, rest).every((byte, i) => byte === pieceOfB[i])) return false;
  }
  return true;
}

function sparse(path: string, entry: string): Error {
  return unsupportedArchive(path, {
    found: "sparse entry",
    reason: `the entry "${entry}" is stored sparse, without its holes`,
    hint:
      "Pack the archive again without sparse files: GNU tar without --sparse, bsdtar with --no-read-sparse.",
  });
}

function tooManyNames(path: string): Error {
  return unsupportedArchive(path, {
    found: "tar of too many entries",
    reason: "its entry names take more than 32 MiB, so it is no image archive",
    hint: "Save an image with docker save or podman save.",
  });
}
