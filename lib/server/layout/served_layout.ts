import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import type { ImageIndex } from "../../spec/documents.ts";
import type { HeldBlob } from "../registry_store.ts";

/** A directory that a registry keeps things in: an `ImageLayout`, as it is seen from here. */
export interface ServedLayout {
  /** The directory. */
  readonly path: string;
  /** Makes what is missing of it. */
  create(): Promise<void>;
  /** Finds a blob's size; `undefined` if it is not there. */
  blobSize(digest: Digest): Promise<number | undefined>;
  /** Streams a blob, or a part; `undefined` if it is not there. */
  openBlob(
    digest: Digest,
    range?: Parameters<HeldBlob["open"]>[0],
  ): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Reads a small blob; `undefined` if it is not there. */
  readBlob(digest: Digest): Promise<Uint8Array | undefined>;
  /** Writes a small blob, unless it is there. */
  writeBlob(blob: Pick<Descriptor, "digest" | "size">, bytes: Uint8Array): Promise<void>;
  /** Keeps others from removing a blob until it is disposed; `undefined` if it is not there. */
  holdBlob(digest: Digest): Promise<Disposable | undefined>;
  /** Removes a blob and says how large it was; `undefined` if it stays, also because it is listed, or was not there. */
  removeBlob(digest: Digest, options?: { isUnlisted?: boolean }): Promise<number | undefined>;
  /** Begins a blob or goes on with it; `undefined` if somebody else is at it. */
  openIngest(name: string): Promise<LayoutIngest | undefined>;
  /** Finds out how far a blob on its way is; `undefined` if there is none of that name. */
  ingestSize(name: string): Promise<number | undefined>;
  /** Reads what the directory lists. */
  readIndex(): Promise<ImageIndex>;
  /** Text that is another one once that has changed, but for changes within a millisecond. */
  indexVersion(): Promise<string>;
  /** Changes what it lists, while nobody else does; the same array changes nothing. */
  updateIndex(change: (entries: readonly Descriptor[]) => readonly Descriptor[]): Promise<void>;
  /** Removes blobs on their way that nobody has written to since a time in milliseconds since 1970. */
  sweep(beforeMs: number): Promise<unknown>;
}

/** A blob on its way into a layout, which this process alone writes until it is disposed. */
export interface LayoutIngest extends Disposable {
  /** Bytes that are there. */
  readonly sizeBytes: number;
  /** Appends bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Reads from a position, and says how much; 0 at the end. */
  readAt(into: Uint8Array, offsetBytes: number): Promise<number>;
  /** Makes it the blob. */
  commit(blob: Pick<Descriptor, "digest" | "size">, options: { isVerified: boolean }): Promise<void>;
  /** Removes it. */
  abandon(): Promise<void>;
}
