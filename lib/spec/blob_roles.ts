import type { Digest } from "./digest.ts";
import { type ManifestNode, manifestsBottomUp } from "./image.ts";
import { formatPlatform } from "./platform.ts";
import { isAttestation, platformOf } from "./platform_images.ts";

/** What a blob is to an image. */
export interface BlobRole {
  /** What it is. */
  kind: "config" | "layer";
  /** Of a layer: which, from 1. */
  layer?: number;
  /** What the image of it runs on, for example `linux/amd64`. */
  platform?: string;
  /** What it should be uncompressed: of layers of images. */
  diffIds: readonly Digest[];
}

/**
 * Says what blobs are to their images: as they are mentioned first, since images share layers.
 *
 * @param roots Manifests or indexes.
 * @returns By digest.
 */
export function blobRoles(...roots: ManifestNode[]): ReadonlyMap<Digest, BlobRole> {
  const roles = new Map<Digest, BlobRole>();
  for (const node of manifestsBottomUp(...roots)) {
    const platform = platformOf(node);
    const runsOn = platform && !isAttestation(node.descriptor) ? { platform: formatPlatform(platform) } : {};
    const expected = diffIdsOf(node);
    for (const [at, { digest }] of node.blobs.entries()) {
      const diffId = at === 0 ? undefined : expected[at - 1];
      const known = roles.get(digest);
      const diffIds = new Set([...known?.diffIds ?? [], ...diffId ? [diffId] : []]);
      const role = at === 0 ? { kind: "config" as const } : { kind: "layer" as const, layer: at };
      roles.set(digest, { ...known ?? { ...role, ...runsOn }, diffIds: [...diffIds] });
    }
  }
  return roles;
}

/** Only of images it is sure what their configs are about; what is encrypted cannot be looked into. */
function diffIdsOf({ descriptor, blobs, config, subject }: ManifestNode): readonly (Digest | undefined)[] {
  const isImage = config && !subject && !isAttestation(descriptor);
  const diffIds = isImage ? config.rootfs.diff_ids : [];
  const layers = blobs.slice(1);
  if (diffIds.length !== layers.length) return [];
  return layers.map(({ mediaType }, at) => mediaType.endsWith("+encrypted") ? undefined : diffIds[at]);
}

/**
 * Names a part of an image for people.
 *
 * @param role What it is: a blob, or a manifest.
 * @returns For example `layer 3 of linux/amd64`.
 */
export function roleText(
  { kind, layer, platform }: { kind: string; layer?: number; platform?: string },
): string {
  const what = layer === undefined ? kind : `${kind} ${layer}`;
  return platform === undefined ? what : `${what} of ${platform}`;
}
