import type { Digest } from "../spec/digest.ts";

/**
 * What happens during a command, as plain JSON: renderers draw it, `--progress json` prints it verbatim, one
 * object a line. A blob on its way is identified by `target` (the repository it goes to, or comes from) and `digest` together. Where its digest is found only when
 * everything of it has passed, `digest` is the name of its entry in the archive.
 */
export type TransferEvent =
  | ArchiveIdentity & {
    /** An archive is open: what it holds. */
    type: "archive:ready";
  }
  | {
    /** A push is about to start: what goes where. */
    type: "plan:ready";
    /** `registry/repository:tag` each image goes to. */
    targets: readonly string[];
    /** Distinct blobs over all targets. */
    blobs: number;
    /** Their bytes. */
    sizeBytes: number;
  }
  | {
    /** A pull is about to start: what is received. */
    type: "pull:ready";
    /** What was asked for. */
    references: readonly string[];
    /** Distinct blobs. */
    blobs: number;
    /** Their bytes. */
    sizeBytes: number;
  }
  | {
    /** Something that passes once begins to be pushed; how much there is says `plan:ready` when all has passed. */
    type: "pass:start";
    /** Repositories that its blobs go to. */
    targets: readonly string[];
  }
  | {
    /** A layer begins to be compressed, and sent as far as it is: see `blob:start` with the same digest. */
    type: "compress:start";
    /** Of the plain layer; the name of its entry where its digest is not known before all has passed. */
    digest: string;
    /** Of the plain layer. */
    sizeBytes: number;
  }
  | {
    /** Plain bytes were taken in. */
    type: "compress:bytes";
    digest: string;
    deltaBytes: number;
  }
  | {
    /** The layer is compressed. */
    type: "compress:done";
    digest: string;
    sizeBytes: number;
    /** Digest of what it is now. */
    found: Digest;
    compressedBytes: number;
  }
  | {
    /** The layer could not be read, or compressing was stopped. */
    type: "compress:failed";
    digest: string;
  }
  | {
    /** Work on a blob begins: its existence is asked next. */
    type: "blob:start";
    target: string;
    digest: string;
    /** Unknown for what is made while it is sent. */
    sizeBytes?: number;
    /** What the blob is. */
    mediaType: string;
  }
  | {
    /** It is there already: nothing is sent, or received. */
    type: "blob:exists";
    target: string;
    digest: string;
    sizeBytes: number;
  }
  | {
    /** The registry took it over from another of its repositories: nothing is sent. */
    type: "blob:mounted";
    target: string;
    digest: string;
    sizeBytes: number;
    /** The repository it came from. */
    from: string;
  }
  | {
    /** An earlier process left it half-way: it goes on from there. */
    type: "blob:resumed";
    target: string;
    digest: string;
    /** Bytes that are there already. */
    offsetBytes: number;
  }
  | {
    /** Bytes went out, or came in; negative when a failed attempt's bytes will be sent again. */
    type: "blob:bytes";
    target: string;
    digest: string;
    deltaBytes: number;
  }
  | {
    /** An attempt failed and another follows. */
    type: "blob:retry";
    target: string;
    digest: string;
    /** The attempt that follows, from 2. */
    attempt: number;
    delayMs: number;
    /** Why, for people. */
    reason: string;
  }
  | {
    /** A question to a registry, or a manifest sent to it, got no answer and is repeated. */
    type: "request:retry";
    /** The repository it is about. */
    target: string;
    /** The attempt that follows, from 2. */
    attempt: number;
    delayMs: number;
    /** Why, for people. */
    reason: string;
  }
  | {
    /** It is where it should be now. */
    type: "blob:done";
    target: string;
    digest: string;
    sizeBytes: number;
    /** Its digest, where `digest` is a name. */
    found?: Digest;
  }
  | {
    /** It did not get there, and no attempt follows. */
    type: "blob:failed";
    target: string;
    digest: string;
    /** Why, for people. */
    reason: string;
  }
  | {
    /** A manifest or index is stored by its digest. */
    type: "manifest:done";
    target: string;
    digest: Digest;
    mediaType: string;
    sizeBytes: number;
  }
  | {
    /** A tag points at its image: the push of this image is complete. */
    type: "tag:done";
    /** `registry/repository:tag`. */
    reference: string;
    digest: Digest;
  }
  | {
    /** Images are about to be saved. */
    type: "save:ready";
    images: readonly string[];
    /** What the runtime says of their sizes; a hint, absent when unknown. */
    sizeBytes?: number;
  }
  | {
    /** A runtime starts writing an image to a file. */
    type: "save:start";
    image: string;
    path: string;
    runtime: string;
    /** What the runtime says of the image's size; a hint, absent when unknown. */
    sizeBytes?: number;
  }
  | { type: "save:bytes"; image: string; deltaBytes: number }
  | { type: "save:done"; image: string; path: string; sizeBytes: number }
  | {
    /** Something to know that does not stop the work. */
    type: "notice";
    message: string;
  }
  | { type: "warning"; message: string };

/** What an archive is, and holds. */
export interface ArchiveIdentity {
  /** As it was given; `-` is standard input. */
  path: string;
  /** Whose layout it has, such as `docker-archive` or `oci-archive`. */
  format: string;
  /** Size of the whole archive. */
  sizeBytes: number;
  /** In the order of its own list. */
  images: readonly ArchivedImage[];
}

/** An image of an archive. */
export interface ArchivedImage {
  /** As the archive has them. */
  names: readonly string[];
  /** Of its manifest or index. */
  digest: Digest;
}

/** Receives events as they happen; must neither throw nor block. */
export type EventSink = (event: TransferEvent) => void;
