import { isPusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import { isNonDistributable, MEDIA_TYPE } from "../spec/media_type.ts";
import type { ArchiveContents } from "./archive_contents.ts";
import type { ArchiveEntry } from "./archive_entries.ts";
import { unsupportedArchive } from "./archive_error.ts";
import { claimedDigest } from "./claimed_digest.ts";
import { type Compression, isNative, type NativeCompression } from "./compression/compression.ts";
import { digestCompressedLayer } from "./layer_digest.ts";
import { sniffArchive } from "./sniff_archive.ts";
import { TAR_BLOCK_BYTES } from "./tar/tar_header.ts";

/** Types that a manifest can give to a compressed layer. */
const LAYER_TYPES: Readonly<Record<NativeCompression, string>> = {
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
    if (!isNative(compression)) {
      throw unsupportedCompression(this.#contents.entries.path, entry.name, compression);
    }
    const mediaType = LAYER_TYPES[compression];
    const digest = known?.digest ?? claimedDigest(entry.name) ??
      await this.#digest(entry, diffId, compression);
    return { mediaType, digest, size };
  }

  /** The slow way, for compressed layers whose names say nothing: the digest is known only when all was read. */
  async #digest(entry: ArchiveEntry, diffId: Digest, compression: NativeCompression): Promise<Digest> {
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

async function sniffLayer(entry: ArchiveEntry): Promise<Compression | undefined> {
  return sniffArchive(await entry.read(Math.min(TAR_BLOCK_BYTES, entry.sizeBytes)));
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
