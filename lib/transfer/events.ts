import type { Digest } from "../spec/digest.ts";

/**
 * What happens during a command, as plain JSON: renderers draw it, `--progress json` prints it verbatim, one object a
 * line. A blob on its way is identified by `target` and `digest` together.
 */
export type TransferEvent =
  | ArchiveIdentity & {
    /** An archive is open: what it holds. */
    type: "archive:ready";
  }
  | {
    /** A push or copy is about to start: what goes where. */
    type: "plan:ready";
    /** `registry/repository:tag` each image goes to. */
    targets: readonly string[];
    /** Distinct blobs over all targets. */
    blobs: number;
    /** Their bytes. */
    sizeBytes: number;
    /** Whether images come from a registry; from archives when absent. */
    isCopy?: boolean;
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
    /** A comparison is about to start: what is looked at. */
    type: "verify:ready";
    /** Archives, or what is compared with them. */
    names: readonly string[];
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
  | EventLayer & {
    /** A layer begins to be compressed, and sent as far as it is: see `blob:start` with the same digest. */
    type: "compress:start";
    /** Size of the plain layer. */
    sizeBytes: number;
  }
  | EventLayer & {
    /** Plain bytes were taken in. */
    type: "compress:bytes";
    /** How many more. */
    deltaBytes: number;
  }
  | EventLayer & {
    /** The layer is compressed. */
    type: "compress:done";
    /** Size of the plain layer. */
    sizeBytes: number;
    /** Digest of what it is now. */
    found: Digest;
    /** Size of what it is now. */
    compressedBytes: number;
  }
  | EventLayer & {
    /** The layer could not be read, or compressing was stopped. */
    type: "compress:failed";
  }
  | EventBlob & {
    /** Work on a blob begins: its existence is asked next. */
    type: "blob:start";
    /** Its size; unknown for what is made while it is sent. */
    sizeBytes?: number;
    /** Media type of the blob. */
    mediaType: string;
  }
  | EventBlob & {
    /** It is there already: nothing is sent, or received. */
    type: "blob:exists";
    /** Its size. */
    sizeBytes: number;
  }
  | EventBlob & {
    /** The registry took it over from another of its repositories: nothing is sent. */
    type: "blob:mounted";
    /** Its size. */
    sizeBytes: number;
    /** The repository it came from. */
    from: string;
  }
  | EventBlob & {
    /** An earlier process left it half-way: it goes on from there. */
    type: "blob:resumed";
    /** Bytes that are there already. */
    offsetBytes: number;
  }
  | EventBlob & {
    /** Bytes went out, or came in. */
    type: "blob:bytes";
    /** How many more; negative when a failed attempt's bytes will be sent again. */
    deltaBytes: number;
  }
  | EventBlob & EventRetry & {
    /** An attempt failed and another follows. */
    type: "blob:retry";
  }
  | EventRetry & {
    /** A question to a registry, or a manifest sent to it, got no answer and is repeated. */
    type: "request:retry";
    /** The repository it is about. */
    target: string;
  }
  | EventBlob & {
    /** It is where it should be now. */
    type: "blob:done";
    /** Its size. */
    sizeBytes: number;
    /** Its digest, where `digest` is a name. */
    found?: Digest;
    /** How many of its bytes came from the cache, and not from its registry; absent if none did. */
    cachedBytes?: number;
  }
  | EventBlob & {
    /** It did not get there, and no attempt follows. */
    type: "blob:failed";
    /** Why, for people. */
    reason: string;
  }
  | {
    /** A manifest or index is stored by its digest. */
    type: "manifest:done";
    /** The repository it is in. */
    target: string;
    /** Its digest. */
    digest: Digest;
    /** Its media type. */
    mediaType: string;
    /** Its size. */
    sizeBytes: number;
  }
  | {
    /** A tag points at its image: the push of this image is complete. */
    type: "tag:done";
    /** `registry/repository:tag`. */
    reference: string;
    /** Digest of the manifest or index that the tag points at. */
    digest: Digest;
  }
  | {
    /** Images are about to be saved. */
    type: "save:ready";
    /** Names or IDs, in the order in which they are saved. */
    images: readonly string[];
    /** What the runtime says of their sizes; a hint, absent when unknown. */
    sizeBytes?: number;
  }
  | EventSave & {
    /** A runtime starts writing an image to a file. */
    type: "save:start";
    /** The file. */
    path: string;
    /** Name of the runtime. */
    runtime: string;
    /** What the runtime says of the image's size; a hint, absent when unknown. */
    sizeBytes?: number;
  }
  | EventSave & {
    /** The runtime wrote bytes. */
    type: "save:bytes";
    /** How many more. */
    deltaBytes: number;
  }
  | EventSave & {
    /** The file is complete. */
    type: "save:done";
    /** The file. */
    path: string;
    /** Its size. */
    sizeBytes: number;
  }
  | {
    /** Something to know that does not stop the work. */
    type: "notice";
    /** For people. */
    message: string;
  }
  | {
    /** Something to look into that does not stop the work. */
    type: "warning";
    /** For people. */
    message: string;
  };

/** A blob on its way. */
export interface EventBlob {
  /** The repository it goes to, or comes from. */
  target: string;
  /** Its digest; the name of its entry in the archive where the digest is found only when all of it has passed. */
  digest: string;
}

/** A layer being compressed. */
export interface EventLayer {
  /** Digest of the plain layer; the name of its entry where the digest is found only when all of it has passed. */
  digest: string;
}

/** What follows on an attempt that failed. */
export interface EventRetry {
  /** The attempt that follows, from 2. */
  attempt: number;
  /** Milliseconds until then. */
  delayMs: number;
  /** Why, for people. */
  reason: string;
}

/** An image being saved. */
export interface EventSave {
  /** Its name or ID. */
  image: string;
}

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
