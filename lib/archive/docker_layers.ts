import { isPusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import { type Digest, sha256Digest } from "../spec/digest.ts";
import { isNonDistributable, MEDIA_TYPE } from "../spec/media_type.ts";
import type { ArchiveContents } from "./archive_contents.ts";
import type { ArchiveEntry } from "./archive_entries.ts";
import { unsupportedArchive } from "./archive_error.ts";
import { type Compression, sniffCompression } from "./compression.ts";
import { digestCompressedLayer } from "./layer_digest.ts";
import { hasTarChecksum, TAR_BLOCK_BYTES } from "./tar_header.ts";

/** A file of this name claims to be what its digest says: docker 25+, containers/image, go-containerregistry, jib. */
const DIGEST_NAME_REGEXP =
  /^(?:blobs\/sha256\/([0-9a-f]{64})|(?:blobs\/sha256\/)?([0-9a-f]{64})\.tar(?:\.gz|\.zst)?)$/;

/** Types that a manifest can give to a compressed layer. */
const LAYER_TYPES: Readonly<Partial<Record<Compression, string>>> = {
  gzip: MEDIA_TYPE.ociLayerGzip,
  zstd: MEDIA_TYPE.ociLayerZstd,
};

/** Finds out what the layers of a docker-save archive are, each only once. */
export class DockerLayers {
  readonly #contents: ArchiveContents;
  /** By path and diff ID: images of one archive share layers. */
  readonly #described = new Map<string, Descriptor>();

  /**
   * Starts with nothing known.
   *
   * @param contents The archive.
   */
  constructor(contents: ArchiveContents) {
    this.#contents = contents;
  }

  /**
   * Describes a layer for the manifest, and remembers where its blob is.
   *
   * @param path What `manifest.json` calls it.
   * @param diffId Digest of its uncompressed bytes, from the config: the one thing that binds its content.
   * @param source What `LayerSources` says of it.
   * @returns Type, digest and size of the bytes as they are.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if it is missing or, where that must be found out, is not what the diff
   * ID says; `ARCHIVE_UNSUPPORTED` if registries have no type for its compression.
   */
  async describe(path: string, diffId: Digest, source: Descriptor | undefined): Promise<Descriptor> {
    if (source?.urls?.length && isNonDistributable(source.mediaType)) return foreignLayer(source);
    const key = `${diffId} ${path}`;
    const known = this.#described.get(key);
    if (known) return known;
    const entry = await this.#contents.entries.find(path);
    if (!entry) throw this.#contents.corrupt(path, `the layer "${path}" is missing`);
    const descriptor = await this.#describeEntry(entry, diffId);
    this.#contents.blobs.set(descriptor.digest, entry);
    this.#described.set(key, descriptor);
    return descriptor;
  }

  async #describeEntry(entry: ArchiveEntry, diffId: Digest): Promise<Descriptor> {
    const { known, sizeBytes: size } = entry;
    const compression = known ? known.compression : await sniffLayer(entry);
    const foundDiffId = compression ? known?.diffId : known?.digest;
    if (foundDiffId && foundDiffId !== diffId) throw this.#notAsConfigured(entry);
    if (!compression) return { mediaType: MEDIA_TYPE.ociLayer, digest: diffId, size };
    const mediaType = LAYER_TYPES[compression];
    if (!mediaType) throw unsupportedCompression(this.#contents.entries.path, entry.name, compression);
    const digest = known?.digest ?? claimedDigest(entry.name) ??
      await this.#digest(entry, diffId, compression);
    return { mediaType, digest, size };
  }

  /** The slow way, for compressed layers whose names say nothing: the digest is known only when all was read. */
  async #digest(entry: ArchiveEntry, diffId: Digest, compression: Compression): Promise<Digest> {
    const layer = entry.open();
    const found = await digestCompressedLayer(layer, compression).catch((cause: unknown) => {
      if (isPusherError(cause)) throw cause;
      throw this.#contents.corrupt(entry.name, `the layer "${entry.name}" cannot be decompressed`, cause);
    });
    if (found.diffId !== diffId) throw this.#notAsConfigured(entry);
    return found.digest;
  }

  #notAsConfigured({ name }: ArchiveEntry): Error {
    return this.#contents.corrupt(name, `the layer "${name}" is not what the config says`);
  }
}

/** A file in the layer may be called like a magic number, so a tar header is looked for first. */
async function sniffLayer(entry: ArchiveEntry): Promise<Compression | undefined> {
  const start = await entry.read(Math.min(TAR_BLOCK_BYTES, entry.sizeBytes));
  return hasTarChecksum(start) ? undefined : sniffCompression(start);
}

function claimedDigest(name: string): Digest | undefined {
  const match = DIGEST_NAME_REGEXP.exec(name);
  const hex = match?.[1] ?? match?.[2];
  return hex === undefined ? undefined : sha256Digest(hex);
}

/**
 * A layer that is to be had elsewhere and may be absent, or an empty stub, in the archive. Docker's type for it becomes
 * OCI's: mixed families are refused by strict registries, and Docker Hub takes only OCI's without the content.
 */
function foreignLayer({ mediaType, digest, size, urls }: Descriptor): Descriptor {
  const isDockerType = mediaType.startsWith("application/vnd.docker.");
  return { mediaType: isDockerType ? MEDIA_TYPE.ociForeignLayerGzip : mediaType, digest, size, urls };
}

function unsupportedCompression(path: string, entry: string, compression: Compression): Error {
  return unsupportedArchive(path, {
    found: `${compression} layer`,
    reason: `the layer "${entry}" is compressed with ${compression}, which registries have no type for`,
    hint: "Load the archive into docker or podman and save the image again.",
  });
}
