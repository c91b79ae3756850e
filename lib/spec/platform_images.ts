import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { type ManifestNode, manifestsBottomUp } from "./image.ts";
import { isIndexType } from "./media_type.ts";
import { formatPlatform, type Platform } from "./platform.ts";

/** Buildkit's way to tell an attestation from a platform. */
const REFERENCE_TYPE = "vnd.docker.reference.type";
/** Digest of the image that an attestation is of. */
const REFERENCE_DIGEST = "vnd.docker.reference.digest";
/** Attestations since buildkit 0.32, also outside of indexes. */
const ATTESTATION_TYPE = "application/vnd.docker.attestation.manifest.v1+json";

/**
 * Whether a manifest is an attestation (provenance, SBOM) as buildkit adds them to images.
 *
 * @param descriptor What names the manifest.
 * @returns Whether it is.
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
 */
export function isAttestation({ annotations, artifactType }: Descriptor): boolean {
  return annotations?.[REFERENCE_TYPE] === "attestation-manifest" || artifactType === ATTESTATION_TYPE;
}

/**
 * What a manifest is about.
 *
 * @param node For example an attestation or a signature.
 * @returns Digest of another manifest; text from outside.
 */
export function subjectOf({ descriptor, subject }: ManifestNode): string | undefined {
  return subject?.digest ?? descriptor.annotations?.[REFERENCE_DIGEST];
}

/**
 * What an image runs on: what its index says, else its config.
 *
 * @param node A manifest, or what an index says of it.
 * @returns The platform; `undefined` if nothing says it.
 */
export function platformOf(
  { descriptor, config }: Pick<ManifestNode, "descriptor" | "config">,
): Platform | undefined {
  if (descriptor.platform?.os) return descriptor.platform;
  if (!config?.os || !config.architecture) return undefined;
  const { os, architecture, variant } = config;
  return { os, architecture, variant, "os.version": config["os.version"] };
}

/**
 * The images below a manifest or index, one for each platform, through nested indexes.
 *
 * @param root The top of the tree.
 * @returns Manifests that are no attestations, each digest once; of a manifest, itself.
 */
export function platformImages(root: ManifestNode): ManifestNode[] {
  return leavesOf(root).filter(({ descriptor }) => !isAttestation(descriptor));
}

/**
 * The attestations below an index, through nested indexes.
 *
 * @param root The top of the tree.
 * @param images Only attestations of these; all when absent.
 * @returns The attestations, each digest once.
 */
export function attestationsOf(root: ManifestNode, images?: readonly ManifestNode[]): ManifestNode[] {
  const digests = images && new Set(images.map(({ descriptor }) => descriptor.digest));
  return leavesOf(root).filter((node) =>
    isAttestation(node.descriptor) && (!digests || digests.has(subjectOf(node) as Digest))
  );
}

/**
 * Names a manifest for people.
 *
 * @param node The manifest, or what an index says of it.
 * @returns Its platform, else what it is, else its digest.
 */
export function describeManifest(node: Pick<ManifestNode, "descriptor" | "config">): string {
  if (isAttestation(node.descriptor)) return "an attestation";
  const platform = platformOf(node);
  return platform ? formatPlatform(platform) : node.descriptor.digest;
}

function leavesOf(root: ManifestNode): ManifestNode[] {
  return [...manifestsBottomUp(root)].filter(({ descriptor }) => !isIndexType(descriptor.mediaType));
}
