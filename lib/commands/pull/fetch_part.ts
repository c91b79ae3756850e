import { PusherError } from "../../errors.ts";
import { convertFormat } from "../../spec/convert_format.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import { distinctBlobs, type ManifestNode, manifestsBottomUp } from "../../spec/image.ts";
import { isIndexType, isNonDistributable, type ManifestFormat } from "../../spec/media_type.ts";
import { pickPlatforms } from "../../spec/pick_platforms.ts";
import { formatPlatform, isSamePlatform, normalizePlatform, type Platform } from "../../spec/platform.ts";
import { attestationsOf, isAttestation, platformImages, platformOf } from "../../spec/platform_images.ts";
import { formatReference, type Reference } from "../../spec/reference.ts";
import { withoutAttestations } from "../../spec/without_attestations.ts";
import { type FetchedImage, fetchImage } from "../../transfer/fetch/fetch_image.ts";
import type { ImageOrigin } from "../../transfer/ports.ts";
import { printable } from "../../util/printable.ts";
import { DEFAULT_RETRY_POLICY } from "../../util/retry.ts";
import type { CommandContext } from "../command_context.ts";
import { parsePlatforms } from "../parse_platforms.ts";

/** Stands for every platform. */
const ALL = "all";

/** What is wanted of an image, and how it is written. */
export interface PartOptions {
  /** Platforms, or `all`; this machine's when absent. */
  platforms?: readonly string[] | undefined;
  /** Whose media types manifests get; those that they have when absent. */
  format?: ManifestFormat | undefined;
  /**
   * Whether attestations are taken along.
   *
   * @default {true}
   */
  attestations?: boolean | undefined;
}

/** What is wanted of an image, and what becomes of it. */
export interface FetchPartOptions extends PartOptions {
  /** What is done with it, for people. */
  verb: "pulled" | "copied";
}

/**
 * Fetches the part of an image that is wanted, without its layers. What is changed about it is said.
 *
 * @param origin Where it is.
 * @param reference Its name.
 * @param options Which platforms.
 * @param context Is told, and stops it.
 * @returns The part.
 * @throws {PusherError} `IMAGE_NOT_FOUND` if there is no such image, or none for a platform; `USAGE`; and as
 * {@linkcode fetchImage}.
 */
export async function fetchPart(
  origin: ImageOrigin,
  reference: Reference,
  options: FetchPartOptions,
  context: CommandContext,
): Promise<FetchedImage> {
  const { clock, random, signal, onEvent } = context;
  const { platforms: named, format, attestations = true, verb } = options;
  const isAll = named?.includes(ALL) ?? false;
  const platforms = named === undefined ? [hostPlatform()] : isAll ? [] : parsePlatforms(named);
  const wants = isAll ? undefined : wantsPlatforms(platforms);
  const retries = { policy: DEFAULT_RETRY_POLICY, clock, random, signal, onEvent };
  const name = formatReference(reference);
  const found = await fetchImage(origin, reference.digest ?? reference.tag!, { ...retries, wants });
  if (!found) throw imageNotFound(reference);
  const part = isAll
    ? found.root
    : await partFor(found.root, { platforms, isNamed: named !== undefined, name });
  const plain = attestations ? part : await withoutAttestations(part);
  const root = format ? await convertFormat(plain, format) : plain;
  const message = changeText(`${name} is ${verb}`, { found: found.root, part, plain, root, format }) ??
    foreignText(name, part, platforms);
  for (const text of [message, withheldText(`${name} is ${verb}`, root)]) {
    if (text !== undefined) onEvent({ type: "notice", message: printable(text, 1000) });
  }
  return { ...found, root };
}

/** Owners of some layers do not allow to pass them on. */
function withheldText(what: string, root: ManifestNode): string | undefined {
  const { length } = distinctBlobs(root).filter(({ mediaType }) => isNonDistributable(mediaType));
  if (length === 0) return undefined;
  return `${what} without ${length === 1 ? "1 layer" : `${length} layers`} that may not be distributed.`;
}

/**
 * What containers run on here: also on macOS and Windows, that is nearly always Linux.
 *
 * @returns The platform, normalized.
 */
export function hostPlatform(): Platform {
  return normalizePlatform({ os: "linux", architecture: Deno.build.arch });
}

/** An attestation is of the index, so it is of no use to a single image. */
function wantsPlatforms(platforms: readonly Platform[]): (child: Descriptor) => boolean {
  return (child) => {
    if (isAttestation(child)) return platforms.length > 1;
    const { platform } = child;
    return platform === undefined || platforms.some((wanted) => isSamePlatform(wanted, platform));
  };
}

async function partFor(
  root: ManifestNode,
  { platforms, isNamed, name }: { platforms: readonly Platform[]; isNamed: boolean; name: string },
): Promise<ManifestNode> {
  const isIndex = isIndexType(root.descriptor.mediaType);
  const offered = offeredPlatforms(root);
  // What nobody chose among platforms for is taken as it is.
  if (!isNamed && (!isIndex || offered.length === 0)) return root;
  const { picked, missing } = await pickPlatforms(root, platforms);
  if (picked && missing.length === 0) return picked;
  throw platformMissing(name, missing.map(formatPlatform).join(", "), offered);
}

/** Those that an index lists, fetched or not. */
function offeredPlatforms(root: ManifestNode): string[] {
  const listed = absentBelow(root).filter((descriptor) => !isAttestation(descriptor))
    .flatMap(({ platform }) => platform ?? []);
  const fetched = platformImages(root).flatMap((node) => platformOf(node) ?? []);
  return [...new Set([...fetched, ...listed].map(formatPlatform))].sort();
}

/** Whether an index lists any, fetched or not. */
function hasAttestations(root: ManifestNode): boolean {
  return attestationsOf(root).length > 0 || absentBelow(root).some(isAttestation);
}

function absentBelow(root: ManifestNode): Descriptor[] {
  return [...manifestsBottomUp(root)].flatMap(({ absent = [] }) => absent);
}

/** An image on its way to what is wanted of it. */
interface Stages {
  found: ManifestNode;
  part: ManifestNode;
  plain: ManifestNode;
  root: ManifestNode;
  format: ManifestFormat | undefined;
}

function changeText(beginning: string, { found, part, plain, root, format }: Stages): string | undefined {
  if (root === found) return undefined;
  const [before, after] = [found, part].map((node) => offeredPlatforms(node).join(", "));
  const isNarrowed = before !== after;
  const isStripped = hasAttestations(isNarrowed ? part : found) && !hasAttestations(root);
  const changes = [
    ...(isNarrowed ? [`for ${after} only`] : []),
    ...(isStripped ? ["without attestations"] : []),
    ...(plain === root ? [] : [`in ${format === "oci" ? "OCI's" : "docker's"} format`]),
  ];
  const how = changes.length > 0 ? changes.join(", ") : "without its index";
  return `${beginning} ${how}, as ${root.descriptor.digest}${isNarrowed ? `; it has ${before}` : ""}.`;
}

function foreignText(name: string, part: ManifestNode, [platform]: readonly Platform[]): string | undefined {
  const [own] = isIndexType(part.descriptor.mediaType) ? [] : offeredPlatforms(part);
  const isForeign = own !== undefined && platform !== undefined && own !== formatPlatform(platform);
  return isForeign ? `${name} is for ${own}, not for ${formatPlatform(platform)}.` : undefined;
}

/**
 * Makes the error for an image that its registry does not have.
 *
 * @param reference The image.
 * @returns The error.
 */
export function imageNotFound(reference: Reference): PusherError<"IMAGE_NOT_FOUND"> {
  const name = formatReference(reference);
  return new PusherError("IMAGE_NOT_FOUND", `Cannot find "${name}": the registry has no such image`, {
    detail: { name },
    hint: "Check the names of repository and tag.",
  });
}

function platformMissing(name: string, missing: string, offered: readonly string[]): PusherError {
  return new PusherError("IMAGE_NOT_FOUND", `Cannot find ${missing} in "${name}"`, {
    detail: { name: missing, available: offered },
    hint: offered.length > 0
      ? `Choose with --platform: it has ${printable(offered.join(", "), 500)}.`
      : "It names no platform: take all of it with --platform all.",
  });
}
