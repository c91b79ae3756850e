import { PusherError } from "../../errors.ts";
import { convertFormat } from "../../spec/convert_format.ts";
import { isWhole, type ManifestNode, manifestsBottomUp } from "../../spec/image.ts";
import type { ManifestFormat } from "../../spec/media_type.ts";
import { pickPlatforms } from "../../spec/pick_platforms.ts";
import { formatPlatform, type Platform } from "../../spec/platform.ts";
import {
  attestationsOf,
  describeManifest,
  isAttestation,
  platformImages,
} from "../../spec/platform_images.ts";
import { referrersOf } from "../../spec/referrers.ts";
import { withoutAttestations } from "../../spec/without_attestations.ts";
import { printable } from "../../util/printable.ts";
import { labelOf, type SourcedImage } from "./sourced_image.ts";
import { absentPlatforms, wholeRoot } from "./whole_image.ts";

/** Room for the names of many platforms. */
const MAX_NOTICE_LENGTH = 1000;

/** What of images is pushed, and how it is written. Whatever changes an image gives it another digest. */
export interface ShapeOptions {
  /** Only these; all that the archive holds when empty. */
  platforms?: readonly Platform[] | undefined;
  /**
   * Whether attestations are pushed.
   *
   * @default {true}
   */
  attestations?: boolean | undefined;
  /** Whose media types manifests use; those of the archive when absent. */
  format?: ManifestFormat | undefined;
}

/**
 * Makes of an image what is to be pushed.
 *
 * @param image An image.
 * @param options What is wanted of it.
 * @returns The image, whole, and a sentence on what became of it; none if it is as the archive has it.
 * @throws {PusherError} `IMAGE_NOT_FOUND` if it lacks a platform, `ARCHIVE_CORRUPT` if nothing of it is whole, `USAGE` if
 * it cannot be converted.
 */
export async function shapeImage(
  image: SourcedImage,
  options: ShapeOptions,
): Promise<{ image: SourcedImage; notice: string | undefined }> {
  const { platforms = [], attestations = true, format } = options;
  const part = platforms.length > 0 ? await pickedRoot(image, platforms) : await wholeRoot(image);
  const plain = attestations ? part : await withoutAttestations(part);
  const root = format ? await convertFormat(plain, format) : plain;
  const wanted = image.referrers?.filter(({ descriptor }) => attestations || !isAttestation(descriptor)) ??
    [];
  // What refers to something that is left out has nothing to refer to.
  const referrers = referrersOf(root, wanted.filter(isWhole));
  // What the archive's list says of the image, such as where it was pulled from, holds for what is left of it.
  const descriptor = { ...root.descriptor, annotations: image.root.descriptor.annotations };
  const archiveDigest = image.root.descriptor.digest;
  const shaped = {
    ...image,
    root: { ...root, descriptor },
    referrers,
    ...(archiveDigest === descriptor.digest ? {} : { archiveDigest }),
  };
  const changes = [
    ...(part === image.root ? [] : [partText(image, part, platforms)]),
    ...(attestationsOf(root).length < attestationsOf(part).length ? ["without attestations"] : []),
    ...(root === plain ? [] : [`in ${format === "oci" ? "OCI's" : "docker's"} format`]),
    ...lostText(image, shaped),
  ];
  return { image: shaped, notice: changes.length === 0 ? undefined : noticeText(image, shaped, changes) };
}

async function pickedRoot(image: SourcedImage, platforms: readonly Platform[]): Promise<ManifestNode> {
  const { picked, missing } = await pickPlatforms(image.root, platforms);
  if (!picked || missing.length > 0) throw platformMissing(image, missing);
  return picked;
}

function partText(image: SourcedImage, part: ManifestNode, platforms: readonly Platform[]): string {
  const absent = platforms.length > 0 ? [] : absentPlatforms(image.root);
  const reason = absent.length > 0 ? ` (the archive lacks ${absent.join(", ")})` : "";
  return `for ${platformImages(part).map(describeManifest).join(", ")} only${reason}`;
}

function lostText(image: SourcedImage, shaped: SourcedImage): string[] {
  const lost = (image.referrers?.length ?? 0) - (shaped.referrers?.length ?? 0);
  return lost === 0 ? [] : [`without ${lost} of the manifests that refer to it`];
}

function noticeText(image: SourcedImage, { root }: SourcedImage, changes: readonly string[]): string {
  const { digest } = root.descriptor;
  const isKnown = [...manifestsBottomUp(image.root)].some(({ descriptor }) => descriptor.digest === digest);
  const under = isKnown ? `as ${digest}` : `under the new digest ${digest}`;
  return printable(`${labelOf(image)} is pushed ${[under, ...changes].join(", ")}.`, MAX_NOTICE_LENGTH);
}

function platformMissing(image: SourcedImage, missing: readonly Platform[]): PusherError {
  const held = platformImages(image.root).filter(isWhole).map(describeManifest);
  const absent = absentPlatforms(image.root);
  const names = missing.map(formatPlatform).join(", ");
  const lacks = absent.length > 0 ? `; it lists, but the archive lacks, ${absent.join(", ")}` : "";
  return new PusherError(
    "IMAGE_NOT_FOUND",
    `Cannot find ${printable(names)} in the image "${printable(labelOf(image))}"`,
    {
      detail: { name: names, available: held },
      hint: `It holds ${held.length > 0 ? held.join(", ") : "no platform"}${lacks}.`,
    },
  );
}
