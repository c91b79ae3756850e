import { layOutArchive } from "../../archive/archive_layout.ts";
import { mergeEqualImages } from "../../archive/image_names.ts";
import { PusherError } from "../../errors.ts";
import { archiveFileName } from "../../runtimes/archive_file_name.ts";
import type { ContentPart } from "../../spec/content_part.ts";
import type { Digest } from "../../spec/digest.ts";
import { distinctBlobs, type Image } from "../../spec/image.ts";
import { platformImages } from "../../spec/platform_images.ts";
import { formatReference, parseReference, type Reference, withDefaultTag } from "../../spec/reference.ts";
import type { BlobOrigin } from "../../transfer/ports.ts";
import { type ReceivedBytes, receiveParts } from "../../transfer/fetch/receive_parts.ts";
import { TransferTally } from "../../transfer/progress/transfer_tally.ts";
import { DEFAULT_RETRY_POLICY } from "../../util/retry.ts";
import { sha256Hex } from "../../util/sha256.ts";
import type { CommandContext } from "../command_context.ts";
import { connectOrigins, type OriginOptions } from "../connect_origins.ts";
import { type CacheOptions, openCache } from "../open_cache.ts";
import { fetchPart, hostPlatform, type PartOptions } from "./fetch_part.ts";
import { keepReceipt } from "../keep_receipt.ts";
import { PullKeeper } from "./pull_keeper.ts";
import { findPullOutput, type OpenOutput, type OutputContent } from "./pull_output.ts";

/** What to pull, and where to. */
export interface PullOptions extends PartOptions, OriginOptions, CacheOptions {
  /** Names of images, at least one. */
  references: readonly string[];
  /**
   * The archive to write; `-` is standard output.
   *
   * @default {a file in the working directory, named after the image}
   */
  output?: string | undefined;
  /** Replace the file if it is there. */
  force?: boolean | undefined;
  /** Most bytes per second; unlimited when absent. */
  rateBytesPerSecond?: number | undefined;
  /** File that gets a receipt, whatever becomes of the pull; see `Receipt`. */
  receipt?: string | undefined;
}

/** What was pulled, ready for JSON. */
export interface PullReport extends ReceivedBytes {
  /** The archive; absent if it went to standard output. */
  path?: string;
  /** Its size. */
  sizeBytes: number;
  /** Its images, in the order of the request. */
  images: readonly PulledImage[];
  /** Whether whoever read standard output stopped before the end. */
  isCut: boolean;
  /** Attempts that failed and were followed by another. */
  retries: number;
  /** From start to end. */
  durationMs: number;
}

/** An image that is in an archive now. */
export interface PulledImage {
  /** `registry/repository:tag`, or with a digest if it was asked for by that alone. */
  reference: string;
  /** Digest of its manifest or index in the archive. */
  digest: Digest;
  /** Media type of it. */
  mediaType: string;
}

/** One of the images asked for. */
interface Fetched {
  image: Image;
  origin: BlobOrigin;
  configs: ReadonlyMap<Digest, Uint8Array>;
}

/**
 * Pulls images into one archive, which docker, podman, containerd, skopeo and crane load, and which is an OCI layout as
 * well. Blobs go straight from the registry into the archive, each once. A file gets its name when it is complete; what an
 * earlier run has left of the same is verified and gone on with. What is in the cache is not received again.
 *
 * @param options What to pull, and where to.
 * @param context Is told, asks, and stops it.
 * @returns What was pulled.
 * @throws {PusherError} `REFERENCE_INVALID`, `USAGE`, `IMAGE_NOT_FOUND`, `OUTPUT_EXISTS`, `OUTPUT_FAILED`,
 * `DIGEST_MISMATCH`, and as registries and networks fail.
 */
export async function pull(options: PullOptions, context: CommandContext): Promise<PullReport> {
  return await keepReceipt((told) => pullAll(options, told), {
    path: options.receipt,
    command: "pull",
    // Whoever stopped reading does not have them.
    resultOf: ({ images, isCut }) => ({ images: isCut ? [] : images, failures: [] }),
  }, context);
}

async function pullAll(options: PullOptions, outer: CommandContext): Promise<PullReport> {
  const tally = new TransferTally();
  const context = { ...outer, onEvent: tally.countingFor(outer.onEvent) };
  const startMs = context.clock.now();
  const references = distinctReferences(options.references);
  const output = await findPullOutput(
    options.output ?? defaultPath(references),
    { isForced: options.force },
    context,
  );
  using cache = await openCache(options, context);
  using origins = await connectOrigins(references, options, context);
  await using keeper = new PullKeeper(origins, cache);
  const fetched: Fetched[] = [];
  for (const reference of references) {
    const origin = keeper.of(reference);
    const { root, configs } = await fetchPart(origin, reference, { ...options, verb: "pulled" }, context);
    fetched.push({ image: { names: [nameFor(reference, root.descriptor.digest)], root }, origin, configs });
  }
  tellArtifacts(fetched, context);
  const images = mergeEqualImages(fetched.map(({ image }) => image));
  const known = new Map(fetched.flatMap(({ configs }) => [...configs]));
  const { parts, sizeBytes, blobs } = await layOutArchive(images, { known, platform: hostPlatform() });
  await using archive = await output.open(await outputContent(parts, sizeBytes));
  context.onEvent({
    type: "pull:ready",
    references: references.map(formatReference),
    blobs: blobs.length,
    sizeBytes: blobs.reduce((sum, blob) => sum + blob.size, 0),
  });
  cache?.verifyAhead(blobs, context.signal);
  const received = await receive(parts, {
    archive,
    origins: originsOf(fetched),
    rateBytesPerSecond: options.rateBytesPerSecond,
    context,
  });
  if (received) await keeper.keep(images, known);
  return {
    ...(output.path === undefined ? {} : { path: output.path }),
    sizeBytes,
    images: fetched.map(({ image: { names: [name], root: { descriptor } } }) => (
      { reference: formatReference(name!), digest: descriptor.digest, mediaType: descriptor.mediaType }
    )),
    ...received ?? { receivedBytes: 0, heldBytes: 0, cachedBytes: 0 },
    isCut: received === undefined,
    retries: tally.totals().retries,
    durationMs: context.clock.now() - startMs,
  };
}

function distinctReferences(texts: readonly string[]): Reference[] {
  const references = texts.map((text) => withDefaultTag(parseReference(text)));
  return [...new Map(references.map((reference) => [formatReference(reference), reference])).values()];
}

function defaultPath([first, ...others]: readonly Reference[]): string {
  if (first && others.length === 0) return archiveFileName(formatReference(first));
  throw new PusherError("USAGE", `Cannot choose a name for an archive of ${others.length + 1} images`, {
    detail: { option: "--output" },
    hint: "Name it with -o, for example: -o images.tar.",
  });
}

/** What was asked for by digest may have become something else on the way. */
function nameFor({ registry, repository, tag }: Reference, digest: Digest): Reference {
  return tag === undefined ? { registry, repository, digest } : { registry, repository, tag };
}

function originsOf(fetched: readonly Fetched[]): ReadonlyMap<Digest, BlobOrigin> {
  const origins = new Map<Digest, BlobOrigin>();
  for (const { image, origin } of fetched) {
    for (const { digest } of distinctBlobs(image.root)) {
      if (!origins.has(digest)) origins.set(digest, origin);
    }
  }
  return origins;
}

/** Docker's list of an archive has no room for them. */
function tellArtifacts(fetched: readonly Fetched[], { onEvent }: CommandContext): void {
  for (const { image: { names: [name], root } } of fetched) {
    if (platformImages(root).some(({ config }) => config)) continue;
    const message = `${formatReference(name!)} is no container image: docker and podman do not load it.`;
    onEvent({ type: "notice", message });
  }
}

/** The first part holds all lists and manifests, and so says what will come. */
async function outputContent([first]: readonly ContentPart[], sizeBytes: number): Promise<OutputContent> {
  const bytes = first && "bytes" in first ? first.bytes : new Uint8Array();
  return { key: (await sha256Hex(bytes)).slice(0, 16), sizeBytes, knownBytes: bytes.length };
}

async function receive(
  parts: readonly ContentPart[],
  { archive, origins, rateBytesPerSecond, context }: {
    archive: OpenOutput;
    origins: ReadonlyMap<Digest, BlobOrigin>;
    rateBytesPerSecond: number | undefined;
    context: CommandContext;
  },
): Promise<ReceivedBytes | undefined> {
  const { clock, random, signal, onEvent } = context;
  try {
    const received = await receiveParts(parts, {
      sink: archive.sink,
      originOf: ({ digest }) => origins.get(digest)!,
      rateBytesPerSecond,
      policy: DEFAULT_RETRY_POLICY,
      clock,
      random,
      signal,
      onEvent,
    });
    await archive.commit();
    return received;
  } catch (error) {
    if (archive.isAbandoned) return undefined;
    if (archive.keptPath !== undefined) {
      onEvent({
        type: "notice",
        message: `What arrived is kept in ${archive.keptPath}: the same command goes on from there.`,
      });
    }
    throw error;
  }
}
