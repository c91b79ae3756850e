import { PusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";
import type { Digest } from "./digest.ts";
import type { ManifestNode } from "./image.ts";
import { makeIndex } from "./make_index.ts";
import { MEDIA_TYPE } from "./media_type.ts";
import { formatPlatform, normalizePlatform } from "./platform.ts";
import { attestationsOf, platformImages, platformOf } from "./platform_images.ts";

/** An image that becomes part of an index. */
export interface IndexPart {
  /** Its manifest or index. */
  root: ManifestNode;
  /** Where it comes from, for messages. */
  label: string;
}

/**
 * Makes one index of several images, each for platforms of its own. Images of indexes are listed directly, attestations
 * last. It is a docker manifest list if all images are docker's, since registries that know docker's types may refuse a
 * mixture; else an OCI index.
 *
 * @param parts The images, whole.
 * @returns The index.
 * @throws {PusherError} `USAGE` if two are for the same platform, or nothing says what one is for.
 */
export async function joinIndex(parts: readonly IndexPart[]): Promise<ManifestNode> {
  const labels = new Map<string, { label: string; digest: Digest }>();
  const images: ManifestNode[] = [];
  for (const { root, label } of parts) {
    for (const image of platformImages(root)) {
      const { digest } = image.descriptor;
      const platform = platformKey(image);
      if (platform === undefined) {
        throw unjoinable(`nothing says which platform "${printable(label)}" is for`);
      }
      const other = labels.get(platform);
      if (other?.digest === digest) continue;
      if (other) {
        throw unjoinable(
          `"${printable(other.label)}" and "${printable(label)}" are both for ${printable(platform)}`,
        );
      }
      labels.set(platform, { label, digest });
      images.push(image === root ? withoutAnnotations(image) : image);
    }
  }
  const attestations = new Map(
    parts.flatMap(({ root }) => attestationsOf(root)).map((node) => [node.descriptor.digest, node]),
  );
  const isDocker = images.every(({ descriptor }) => descriptor.mediaType === MEDIA_TYPE.dockerManifest);
  const mediaType = isDocker ? MEDIA_TYPE.dockerManifestList : MEDIA_TYPE.ociIndex;
  return await makeIndex([...images, ...attestations.values()], { mediaType });
}

/** Versions of Windows are told apart. */
function platformKey(image: ManifestNode): string | undefined {
  const platform = platformOf(image);
  if (!platform) return undefined;
  const version = platform["os.version"];
  return `${formatPlatform(normalizePlatform(platform))}${version ? ` ${version}` : ""}`;
}

/** What an archive's list says of an image (names, where it was pulled from) is no part of the image. */
function withoutAnnotations(image: ManifestNode): ManifestNode {
  return { ...image, descriptor: { ...image.descriptor, annotations: undefined } };
}

function unjoinable(reason: string): PusherError {
  return new PusherError("USAGE", `Cannot make one index: ${reason}`, {
    detail: { option: "--index" },
    hint: "Give one image for each platform; --image chooses from archives that hold more.",
  });
}
