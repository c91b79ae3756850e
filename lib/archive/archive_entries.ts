import type { Digest } from "../spec/digest.ts";
import type { BlobRange } from "../util/stream_body.ts";
import type { Compression } from "./compression/compression.ts";

/** The files of an archive by name, whatever the archive is: a tar file, a directory, or what a pipe has left. */
export interface ArchiveEntries {
  /** The archive as it was given, for messages. */
  readonly path: string;
  /** What it is, for people. */
  readonly kind: "tar archive" | "directory";
  /**
   * Whether there is an entry of this name, whatever it is.
   *
   * @param name A normal name.
   * @returns Whether there is.
   */
  has(name: string): Promise<boolean>;
  /**
   * Finds the file of a name, through links if need be.
   *
   * @param name Any form of its name.
   * @returns The file; `undefined` if there is none, or a link leads nowhere.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if it is no file, its links go in circles or leave the archive, or
   * entries of this name differ; `ARCHIVE_UNSUPPORTED` if it is stored in a way that is not read.
   */
  find(name: string): Promise<ArchiveEntry | undefined>;
  /**
   * Lists the normal names of the entries, or as many as tell what the archive is.
   *
   * @returns The names.
   */
  names(): Promise<Iterable<string>>;
}

/** Entries that lie on a disk; disposing them closes what is open. */
export interface OpenEntries extends ArchiveEntries, Disposable {
  /** Size of the archive; of a directory, that of the files that were found. */
  readonly sizeBytes: number;
  /** Bytes read so far. */
  readonly readBytes: number;
  /**
   * Whether the file on disk that an entry is in is still what it was when the entry was found.
   *
   * @param entry One that was found here.
   * @returns Whether it is there, with the same size and time of change.
   */
  isUnchanged(entry: ArchiveEntry): Promise<boolean>;
}

/** A file of an archive. */
export interface ArchiveEntry {
  /** Its normal name; where a link led to it, not the link's. */
  readonly name: string;
  /** Bytes of its content. */
  readonly sizeBytes: number;
  /** Changes when its content may have: size and time of change of the file on disk that it is in. */
  readonly identity: string;
  /** What is known of its content because all of it has been read already: in a pipe. */
  readonly known?: KnownContent | undefined;
  /**
   * Reads the first bytes.
   *
   * @param lengthBytes How many; not more than there are.
   * @returns Exactly that many.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if they cannot be read.
   */
  read(lengthBytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Opens the content, as often as needed. Chunks come in reused buffers: each is valid only until the next one is
   * asked for.
   *
   * @param range Which part; the whole by default.
   * @returns A stream that gives exactly that part, or fails with `ARCHIVE_CORRUPT`.
   * @throws {RangeError} If the part reaches beyond the content.
   */
  open(range?: BlobRange): ReadableStream<Uint8Array>;
}

/** What reading all of a file has shown. */
export interface KnownContent {
  /** Digest of the bytes as they are. */
  digest: Digest;
  /** How they are compressed; absent if they are not, or in a way that is not known. */
  compression: Compression | undefined;
  /** Digest of the uncompressed bytes, if they were decompressed. */
  diffId?: Digest | undefined;
}
