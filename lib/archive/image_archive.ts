import type { Descriptor } from "../spec/descriptor.ts";
import type { Image } from "../spec/image.ts";
import type { BlobRange } from "../util/stream_body.ts";
import type { BlobFile } from "./blob_files.ts";

/** Whose layout an archive has, in podman's words. */
export type ArchiveFormat = "docker-archive" | "oci-archive" | "oci-dir" | "docker-dir";

/** An open archive: the images it holds and the bytes of their blobs. Disposing it closes the file. */
export interface ImageArchive extends Disposable {
  /** As it was given. */
  readonly path: string;
  /** Whose layout was read, for people. */
  readonly format: ArchiveFormat;
  /** Of the whole file. */
  readonly sizeBytes: number;
  /** What it holds, in the order of its own list, each digest once; parts may be absent. */
  readonly images: readonly Image[];
  /** What the user should know, such as ignored names. One sentence each. */
  readonly notices: readonly string[];
  /** Bytes read from the file so far. */
  readonly readBytes: number;
  /**
   * What a blob is read from. It changes when the file may have: its size and time of change.
   *
   * @param blob A blob of one of the images.
   * @returns Text to compare and to keep.
   */
  identityOf(blob: Descriptor): string;
  /**
   * Whether a blob can still be read: the file that it is in is what it was when the archive was opened.
   *
   * @param blob A blob of one of the images.
   * @returns Whether that is so.
   */
  isUnchanged(blob: Descriptor): Promise<boolean>;
  /**
   * Opens the content of a blob, as often as needed. Chunks come in reused buffers: each is valid only until
   * the next one is asked for. Nothing is verified here.
   *
   * @param blob A blob of one of the images.
   * @param range Which part; the whole by default.
   * @returns A stream that gives exactly that part, or fails with `ARCHIVE_CORRUPT`.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if the archive does not hold the blob.
   * @throws {RangeError} If the part reaches beyond the blob.
   */
  openBlob(blob: Descriptor, range?: BlobRange): ReadableStream<Uint8Array>;
  /**
   * Lists the files that can be verified; see {@linkcode listBlobFiles}.
   *
   * @returns Those of the images' blobs, then others of an OCI layout that may be there.
   */
  blobFiles(): Promise<BlobFile[]>;
}
