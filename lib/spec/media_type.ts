/**
 * Media types of the OCI image spec and of docker's registry, and what they mean.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md
 */
export const MEDIA_TYPE = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  ociForeignLayer: "application/vnd.oci.image.layer.nondistributable.v1.tar",
  ociForeignLayerGzip: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifestV1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  dockerLayerZstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
  dockerForeignLayer: "application/vnd.docker.image.rootfs.foreign.diff.tar",
  dockerForeignLayerGzip: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  octetStream: "application/octet-stream",
} as const;

/** What to accept when asking for a manifest: every kind this tool can carry. */
export const MANIFEST_ACCEPT: string = [
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.ociIndex,
  MEDIA_TYPE.dockerManifest,
  MEDIA_TYPE.dockerManifestList,
].join(", ");

/** Whose media types a manifest uses. */
export type ManifestFormat = "docker" | "oci";

/** Types that mean the same: OCI's, docker's. */
const EQUIVALENTS: readonly (readonly [oci: string, docker: string])[] = [
  [MEDIA_TYPE.ociManifest, MEDIA_TYPE.dockerManifest],
  [MEDIA_TYPE.ociIndex, MEDIA_TYPE.dockerManifestList],
  [MEDIA_TYPE.ociConfig, MEDIA_TYPE.dockerConfig],
  [MEDIA_TYPE.ociLayer, MEDIA_TYPE.dockerLayer],
  [MEDIA_TYPE.ociLayerGzip, MEDIA_TYPE.dockerLayerGzip],
  [MEDIA_TYPE.ociForeignLayer, MEDIA_TYPE.dockerForeignLayer],
  [MEDIA_TYPE.ociForeignLayerGzip, MEDIA_TYPE.dockerForeignLayerGzip],
];

/**
 * The type that means the same in a format. Docker never defined one for zstd; what builders write is only read.
 *
 * @param mediaType Of a manifest, config or layer.
 * @param format Whose type to give.
 * @returns The type; `undefined` if the format has none.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md#compatibility-matrix
 */
export function typeInFormat(mediaType: string, format: ManifestFormat): string | undefined {
  if (mediaType === MEDIA_TYPE.dockerLayerZstd) return format === "oci" ? MEDIA_TYPE.ociLayerZstd : mediaType;
  const pair = EQUIVALENTS.find((types) => types.includes(mediaType));
  return pair && (format === "oci" ? pair[0] : pair[1]);
}

/**
 * Whether a media type is an index: a list of manifests.
 *
 * @param mediaType Media type of a descriptor or document.
 * @returns Whether it is an OCI index or docker manifest list.
 */
export function isIndexType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.ociIndex || mediaType === MEDIA_TYPE.dockerManifestList;
}

/**
 * Whether a media type is a manifest of one image or artifact.
 *
 * @param mediaType Media type of a descriptor or document.
 * @returns Whether it is an OCI or docker (schema 2) manifest.
 */
export function isManifestType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.ociManifest || mediaType === MEDIA_TYPE.dockerManifest;
}

/**
 * Whether a layer must not be pushed by default: decided by its type, never by the presence of `urls`.
 *
 * @param mediaType Media type of a layer.
 * @returns Whether it is foreign (docker) or non-distributable (OCI).
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#non-distributable-layers
 */
export function isNonDistributable(mediaType: string): boolean {
  return mediaType.includes(".nondistributable.") || mediaType.includes(".foreign.");
}
