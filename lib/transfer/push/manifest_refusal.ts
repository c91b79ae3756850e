import { isPusherError, PusherError } from "../../errors.ts";
import type { ManifestNode } from "../../spec/image.ts";
import { isIndexType, type ManifestFormat, MEDIA_TYPE, typeInFormat } from "../../spec/media_type.ts";
import {
  attestationsOf,
  describeManifest,
  isAttestation,
  platformImages,
} from "../../spec/platform_images.ts";
import { printable } from "../../util/printable.ts";

/** What registries answer when they do not take a manifest of a type; some give a status only. */
const REFUSAL_CODES: ReadonlySet<string> = new Set(["MANIFEST_INVALID", "UNSUPPORTED"]);
const REFUSAL_STATUSES: ReadonlySet<number> = new Set([400, 405, 406, 415, 422]);
/** Some answer it to types they do not take, others to all that is written. */
const METHOD_NOT_ALLOWED = 405;

/**
 * Says which type of manifest a registry has refused, and which options avoid it. Registries differ in what they take:
 * some want no indexes, others OCI's types only or docker's only, or no attestations.
 *
 * @param error What storing the manifest failed with.
 * @param manifest The manifest.
 * @param root The image that it is part of.
 * @returns The error that says so; `error` itself if it is about something else.
 */
export function explainRefusal(error: unknown, manifest: ManifestNode, root: ManifestNode): unknown {
  if (!isPusherError(error, "REGISTRY_REJECTED") || !isTypeRefusal(error)) return error;
  const { mediaType } = manifest.descriptor;
  return new PusherError("REGISTRY_REJECTED", `${error.message}; it refused ${describeType(manifest)}`, {
    detail: { ...error.detail, mediaType },
    hint: hintFor(manifest, { root, mayBeReadOnly: error.detail.status === METHOD_NOT_ALLOWED }),
    cause: error.cause,
  });
}

function isTypeRefusal({ detail }: PusherError<"REGISTRY_REJECTED">): boolean {
  const { status, errorCodes } = detail;
  return errorCodes.length > 0
    ? errorCodes.some((code) => REFUSAL_CODES.has(code))
    : REFUSAL_STATUSES.has(status);
}

function describeType(manifest: ManifestNode): string {
  const { descriptor, blobs: [config] } = manifest;
  const { mediaType } = descriptor;
  if (isIndexType(mediaType)) return `an index of type "${mediaType}"`;
  if (isImage(manifest)) return `a manifest of type "${mediaType}"`;
  const what = isAttestation(descriptor) ? "an attestation" : "an artifact";
  return `${what}: a manifest of type "${mediaType}" with a config of type "${
    printable(config?.mediaType ?? "")
  }"`;
}

function isImage({ descriptor, blobs: [config] }: ManifestNode): boolean {
  const isImageConfig = config && typeInFormat(config.mediaType, "oci") === MEDIA_TYPE.ociConfig;
  return !isAttestation(descriptor) && isImageConfig === true;
}

function hintFor(
  manifest: ManifestNode,
  { root, mayBeReadOnly }: { root: ManifestNode; mayBeReadOnly: boolean },
): string {
  const { descriptor } = manifest;
  const options: string[] = [];
  const isIndex = isIndexType(descriptor.mediaType);
  if (isAttestation(descriptor) || isIndex && attestationsOf(manifest).length > 0) {
    options.push("leave attestations out with --no-attestations");
  }
  if (isIndex || isImage(manifest)) {
    options.push(`use other types with --format ${otherFormat(root, manifest)}`);
  }
  const [image] = platformImages(root);
  if (isIndex && image) options.push(`push one platform with --platform ${describeManifest(image)}`);
  if (options.length === 0) {
    const what = mayBeReadOnly ? "to be read-only, or to take" : "to take";
    return `This registry seems ${what} images only: choose images with --image.`;
  }
  const what = mayBeReadOnly ? "may be read-only, or not take" : "may not take";
  return `The registry ${what} this type: ${options.join(", or ")}. The image gets another digest then.`;
}

/** Types of both families together are refused by some: one family is tried first, OCI's. */
function otherFormat(root: ManifestNode, manifest: ManifestNode): ManifestFormat {
  const types = [root, ...platformImages(root)].flatMap(({ descriptor, blobs }) =>
    [descriptor, ...blobs].map(({ mediaType }) => mediaType)
  );
  const isMixed = types.some((type) => typeInFormat(type, "oci") === type) &&
    types.some((type) => typeInFormat(type, "docker") === type);
  const { mediaType } = manifest.descriptor;
  const isOci = mediaType === MEDIA_TYPE.ociIndex || mediaType === MEDIA_TYPE.ociManifest;
  return isOci && !isMixed ? "docker" : "oci";
}
