import { isPusherError } from "../../errors.ts";
import { type BlobRole, blobRoles } from "../../spec/blob_roles.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import { algorithmOf, type Digest, digestOf } from "../../spec/digest.ts";
import { type Image, type ManifestNode, manifestsBottomUp, treesOf } from "../../spec/image.ts";
import { isIndexType, isManifestType } from "../../spec/media_type.ts";
import { formatPlatform } from "../../spec/platform.ts";
import { mapConcurrently } from "../../util/map_concurrently.ts";
import { printable } from "../../util/printable.ts";
import type { RateLimiter } from "../../util/rate_limiter.ts";
import { createSha } from "../../util/sha256.ts";
import { downloadBlob, wrongContent } from "../fetch/download_blob.ts";
import { isMissing } from "../fetch/is_missing.ts";
import { DigestCheck } from "../hash/digest_check.ts";
import type { ComparedTarget, ReadTarget } from "../ports.ts";
import { transferableBlobs } from "../push/push_job.ts";
import { retryTelling, type TellingContext } from "../retry_telling.ts";

/** Questions on their way at once. */
const CONCURRENCY = 4;

/** Something that a registry does not hold as it should. */
export interface Difference {
  /** What it is. */
  kind: "tag" | "manifest" | BlobRole["kind"];
  /** Digest that it should have. */
  digest: Digest;
  /** Size that it should have, in bytes. */
  sizeBytes: number;
  /** Of a layer: which, from 1. */
  layer?: number;
  /** What its image runs on. */
  platform?: string;
  /** What is wrong. */
  problem: "missing" | "other digest" | "other size" | "other content";
  /** What is there instead: a digest, or a number of bytes. Text from outside. */
  found?: string;
}

/** What is wrong with something. */
export type Problem = Pick<Difference, "problem" | "found">;

/** What was found out about a blob. */
export interface BlobResult {
  /** What is wrong with it, if anything. */
  difference?: Difference;
  /** Bytes that were read of it. */
  readBytes: number;
}

/** What a comparison has looked at, and found. */
export interface Comparison {
  /** Manifests and indexes. */
  manifests: number;
  /** Configs and layers. */
  blobs: number;
  /** Bytes of them. */
  sizeBytes: number;
  /** Bytes that were read to be hashed. */
  readBytes: number;
  /** What is missing or different. */
  differences: readonly Difference[];
}

/** Where an image should be, and how to look. */
export interface CompareOptions extends TellingContext {
  /** The repository. */
  target: ComparedTarget;
  /** The tag that should point at it, if one should. */
  tag?: string | undefined;
  /** The repository again if everything is to be read and hashed, manifests too; otherwise the registry is believed. */
  reader?: ReadTarget | undefined;
  /** What was found out about blobs so far; receives what is found out now. */
  checked?: Map<string, BlobResult> | undefined;
  /** Caps the rate of reading. */
  limiter?: RateLimiter | undefined;
}

/**
 * Compares an image with what a repository holds: the tag's digest, every manifest, every blob by its size, or by its
 * content.
 *
 * @param image The image, as it should be there.
 * @param options Where, and how closely.
 * @returns What is missing or different; the tag and manifests first, then blobs.
 * @throws {PusherError} As the registry or the network fails.
 */
export async function compareImage(image: Image, options: CompareOptions): Promise<Comparison> {
  const trees = treesOf(image);
  const manifests = manifestsOf(trees);
  const blobs = transferableBlobs(image);
  const roles = blobRoles(...trees);
  const lanes = { concurrency: CONCURRENCY, signal: options.signal };
  const tag = await compareTag(image.root, options);
  const ofManifests = await mapConcurrently(
    manifests,
    (manifest, signal) => compareManifest(manifest, { ...options, signal }),
    lanes,
  );
  const ofBlobs = await mapConcurrently(
    blobs,
    (blob, signal) => compareBlob(blob, roles.get(blob.digest)!, { ...options, signal }),
    lanes,
  );
  const found = ofBlobs.flatMap(({ difference }) => difference ?? []);
  return {
    manifests: manifests.length,
    blobs: blobs.length,
    sizeBytes: blobs.reduce((sum, { size }) => sum + size, 0),
    readBytes: ofBlobs.reduce((sum, { readBytes }) => sum + readBytes, 0),
    differences: [tag, ...ofManifests, ...found].filter((difference) => difference !== undefined),
  };
}

/** Also those that indexes list and nobody has read. */
function manifestsOf(trees: readonly ManifestNode[]): Descriptor[] {
  const manifests = new Map<Digest, Descriptor>();
  for (const { descriptor, absent = [] } of manifestsBottomUp(...trees)) {
    const listed = absent.filter(({ mediaType }) => isIndexType(mediaType) || isManifestType(mediaType));
    for (const each of [...listed, descriptor]) manifests.set(each.digest, each);
  }
  return [...manifests.values()];
}

async function compareTag(root: ManifestNode, options: CompareOptions): Promise<Difference | undefined> {
  if (options.tag === undefined) return undefined;
  const { digest, size } = root.descriptor;
  const found = await manifestDigest(options.tag, options);
  if (found === digest) return undefined;
  return { kind: "tag", digest, sizeBytes: size, ...wrong(found, "other digest") };
}

async function compareManifest(
  { digest, size, platform }: Descriptor,
  options: CompareOptions,
): Promise<Difference | undefined> {
  const found = await manifestDigest(digest, options);
  if (found === digest) return undefined;
  const runsOn = platform?.os ? { platform: formatPlatform(platform) } : {};
  return { kind: "manifest", digest, sizeBytes: size, ...runsOn, ...wrong(found, "other digest") };
}

async function manifestDigest(reference: string, options: CompareOptions): Promise<string | undefined> {
  const { target, reader, signal } = options;
  if (!reader) {
    return await retryTelling(() => target.manifestDigest(reference, signal), target.name, options);
  }
  const bytes = await retryTelling(() => reader.getManifest(reference, signal), target.name, options);
  return bytes && await digestOf(bytes);
}

/** Of a repository that is compared with several images, no blob is looked at twice. */
async function compareBlob(blob: Descriptor, role: BlobRole, options: CompareOptions): Promise<BlobResult> {
  const { target, checked } = options;
  const key = `${target.name} ${blob.digest}`;
  const known = checked?.get(key);
  if (known) return { ...known, readBytes: 0 };
  const result = await lookAtBlob(blob, role, options);
  checked?.set(key, result);
  return result;
}

async function lookAtBlob(blob: Descriptor, role: BlobRole, options: CompareOptions): Promise<BlobResult> {
  const { target, reader, signal, onEvent } = options;
  const key = { target: target.name, digest: blob.digest };
  onEvent({ type: "blob:start", ...key, sizeBytes: blob.size, mediaType: blob.mediaType });
  const there = await retryTelling(() => target.findBlob(blob, signal), target.name, options);
  let problem = sizeProblem(blob, there);
  let readBytes = 0;
  try {
    if (reader && !problem) {
      for await (const { length } of verifiedContent(blob, reader, options)) {
        readBytes += length;
        onEvent({ type: "blob:bytes", ...key, deltaBytes: length });
      }
    }
  } catch (error) {
    problem = contentProblem(error);
    if (!problem) throw error;
  }
  if (!problem) {
    onEvent({ type: reader ? "blob:done" : "blob:exists", ...key, sizeBytes: blob.size });
    return { readBytes };
  }
  onEvent({ type: "blob:failed", ...key, reason: problemText(problem) });
  const { diffIds: _, ...place } = role;
  return { difference: { ...place, digest: blob.digest, sizeBytes: blob.size, ...problem }, readBytes };
}

async function* verifiedContent(
  blob: Descriptor,
  reader: ReadTarget,
  options: CompareOptions,
): AsyncGenerator<Uint8Array> {
  using check = new DigestCheck(blob, await createSha(algorithmOf(blob.digest)), wrongContent(reader));
  yield* downloadBlob(blob, reader, { ...options, check });
}

function wrong(found: string | undefined, problem: Problem["problem"]): Problem {
  return found === undefined ? { problem: "missing" } : { problem, found };
}

function sizeProblem({ size }: Descriptor, found: { sizeBytes: number | undefined } | undefined):
  | Problem
  | undefined {
  if (!found) return { problem: "missing" };
  const { sizeBytes = size } = found;
  return sizeBytes === size ? undefined : { problem: "other size", found: `${sizeBytes} bytes` };
}

/** The registry may say that a blob is there, and yet not give it, or something else. */
function contentProblem(error: unknown): Problem | undefined {
  if (isPusherError(error, "DIGEST_MISMATCH")) {
    return { problem: "other content", found: error.detail.actual };
  }
  return isMissing(error) ? { problem: "missing" } : undefined;
}

/**
 * Says what is wrong with something.
 *
 * @param difference What is wrong with it.
 * @returns For example `missing`; what is there instead is escaped.
 */
export function problemText({ problem, found = "" }: Problem): string {
  return problem === "missing" ? problem : `${problem}: ${printable(found, 100)}`;
}
