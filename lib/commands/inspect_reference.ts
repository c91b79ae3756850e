import { PusherError } from "../errors.ts";
import { distinctBlobs } from "../spec/image.ts";
import { formatReference, parseReference, type Reference, withDefaultTag } from "../spec/reference.ts";
import { fetchImage } from "../transfer/fetch/fetch_image.ts";
import { retryTelling } from "../transfer/retry_telling.ts";
import { printable } from "../util/printable.ts";
import { DEFAULT_RETRY_POLICY } from "../util/retry.ts";
import type { CommandContext } from "./command_context.ts";
import { connectOrigins, type OriginOptions } from "./connect_origins.ts";
import { imageNotFound } from "./pull/fetch_part.ts";
import { inspectImage, type InspectReport } from "./inspect_image.ts";

/** What files of archives are called. */
const ARCHIVE_NAME_REGEXP = /\.(?:tar|tgz|gz|zst|xz|bz2)$/i;

/**
 * Finds out whether text names an image at a registry rather than an archive: no file has that name, and it says which
 * registry, tag or digest. A mistyped path asks no registry.
 *
 * @param text What the user typed.
 * @returns The reference; `undefined` if it can only be an archive.
 * @throws {PusherError} `ARCHIVE_NOT_FOUND` if it is a plain word, and no file; `REFERENCE_INVALID` if it has a scheme.
 */
export async function findReference(text: string): Promise<Reference | undefined> {
  const isThere = await Deno.lstat(text).then(() => true, () => false);
  if (isThere || ARCHIVE_NAME_REGEXP.test(text)) return undefined;
  const reference = parseIfReference(text);
  const isPlain = reference && !reference.tag && !reference.digest &&
    !text.startsWith(`${reference.registry}/`);
  if (isPlain) throw noSuchFile(text);
  return reference && withDefaultTag(reference);
}

/** Opening what is no reference as an archive says what is wrong. */
function parseIfReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (text.includes("://")) throw error;
    return undefined;
  }
}

function noSuchFile(path: string): PusherError<"ARCHIVE_NOT_FOUND"> {
  return new PusherError("ARCHIVE_NOT_FOUND", `Cannot open "${printable(path)}": no such file`, {
    detail: { path },
    hint: `Check the path; an image needs its registry or a tag, as in "${printable(path)}:latest".`,
  });
}

/**
 * Looks at an image in its registry: manifests and configs are read, layers are not.
 *
 * @param reference Which.
 * @param options Credentials and transport.
 * @param context Told why it waits, and stops it.
 * @returns What it consists of.
 * @throws {PusherError} `IMAGE_NOT_FOUND`; and as `fetchImage`.
 */
export async function inspectReference(
  reference: Reference,
  options: OriginOptions,
  context: CommandContext,
): Promise<InspectReport> {
  using origins = await connectOrigins([reference], options, context);
  const { clock, random, signal, onEvent } = context;
  const found = await fetchImage(origins.of(reference), tagOrDigest(reference), {
    policy: DEFAULT_RETRY_POLICY,
    clock,
    random,
    signal,
    onEvent,
    mayLack: true,
  });
  if (!found) throw imageNotFound(reference);
  return {
    reference: formatReference(reference),
    format: "registry",
    sizeBytes: distinctBlobs(found.root).reduce((sum, { size }) => sum + size, 0),
    images: [inspectImage({ names: [reference], root: found.root })],
  };
}

/**
 * Reads the manifest or index of an image as its registry has it.
 *
 * @param reference Which.
 * @param options Credentials and transport.
 * @param context Told why it waits, and stops it.
 * @returns Its exact bytes.
 * @throws {PusherError} `IMAGE_NOT_FOUND`, `DIGEST_MISMATCH`, `REGISTRY_UNSUPPORTED`.
 */
export async function rawManifest(
  reference: Reference,
  options: OriginOptions,
  context: CommandContext,
): Promise<Uint8Array> {
  using origins = await connectOrigins([reference], options, context);
  const origin = origins.of(reference);
  const retries = { policy: DEFAULT_RETRY_POLICY, ...context };
  const found = await retryTelling(
    () => origin.readManifest(tagOrDigest(reference), context.signal),
    origin.name,
    retries,
  );
  if (!found) throw imageNotFound(reference);
  return found.bytes;
}

function tagOrDigest({ tag, digest }: Reference): string {
  return digest ?? tag!;
}
