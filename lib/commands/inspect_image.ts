import type { Descriptor } from "../spec/descriptor.ts";
import {
  type ContainerConfig,
  type HistoryEntry,
  parseImageIndex,
  parseImageManifest,
} from "../spec/documents.ts";
import { distinctBlobs, type Image, type ManifestNode } from "../spec/image.ts";
import { isIndexType, isManifestType } from "../spec/media_type.ts";
import { formatPlatform } from "../spec/platform.ts";
import { isAttestation, platformOf, subjectOf } from "../spec/platform_images.ts";
import { formatReference } from "../spec/reference.ts";

/** What an archive or a reference holds, ready for JSON. */
export interface InspectReport {
  /** Path of the archive, if it is one. */
  path?: string;
  /** The reference, if it is one. */
  reference?: string;
  /** What kind of archive it is, for example `docker-archive`; `registry` for a reference. */
  format: string;
  /** Size of the archive, or of all blobs at the registry, in bytes. */
  sizeBytes: number;
  /** Its images. */
  images: readonly InspectedImage[];
}

/** An image, or one of the manifests of an index. */
export interface InspectedImage {
  /** Its names, in full. */
  names: readonly string[];
  /** What it is. An attestation says how an image was built, or of what. */
  kind: "index" | "image" | "attestation" | "artifact";
  /** Digest of its manifest or index: what a push stores. */
  digest: string;
  /** Media type of it. */
  mediaType: string;
  /** What it runs on, for example `linux/amd64`. */
  platform?: string;
  /** The version of Windows that it is for. */
  osVersion?: string;
  /** Of an artifact: what it is. */
  artifactType?: string;
  /** Digest of the manifest that it refers to. */
  subject?: string;
  /** When it was built, RFC 3339. */
  created?: string;
  /** Free text from its producer. */
  annotations?: Readonly<Record<string, string>>;
  /** Digest of its config. */
  configDigest?: string;
  /** How its programs run, in the words of its config. */
  config?: ContainerConfig;
  /** How its layers came about, oldest first. */
  history?: readonly HistoryEntry[];
  /** Bytes of its config and layers, each blob counted once, with those of manifests below. */
  sizeBytes: number;
  /** Its layers, base first. */
  layers: readonly InspectedLayer[];
  /** Of an index: what it lists and the archive holds. */
  manifests: readonly InspectedImage[];
  /** What it names and the archive does not hold; a push goes without. */
  absent: readonly AbsentContent[];
  /** What refers to it or to manifests below, and goes where it goes. */
  referrers: readonly InspectedImage[];
}

/** Content that an archive names and does not hold. */
export interface AbsentContent {
  /** What it is. */
  kind: "manifest" | "attestation" | "blob";
  /** Its digest. */
  digest: string;
  /** Media type. */
  mediaType: string;
  /** Bytes. */
  sizeBytes: number;
  /** What it runs on, if it is an image's manifest. */
  platform?: string;
}

/** A layer. */
export interface InspectedLayer {
  /** Digest of its bytes as they are in the archive. */
  digest: string;
  /** Media type. */
  mediaType: string;
  /** Bytes in the archive. */
  sizeBytes: number;
  /** Digest of its bytes uncompressed. */
  diffId?: string;
}

/**
 * Describes an image.
 *
 * @param image The image.
 * @returns Plain data.
 */
export function inspectImage(image: Image): InspectedImage {
  const referrers = image.referrers?.map(inspectManifest) ?? [];
  return { ...inspectManifest(image.root), names: image.names.map(formatReference), referrers };
}

function inspectManifest(node: ManifestNode): InspectedImage {
  const { descriptor, config, absent = [] } = node;
  const [configBlob, ...layers] = node.blobs;
  const kind = kindOf(node);
  const platform = kind === "image" ? platformOf(node) : undefined;
  const artifactType = descriptor.artifactType ?? configBlob?.mediaType;
  const subject = subjectOf(node);
  const annotations = annotationsOf(node);
  return {
    names: [],
    kind,
    digest: descriptor.digest,
    mediaType: descriptor.mediaType,
    ...(platform ? { platform: formatPlatform(platform) } : {}),
    ...(platform?.["os.version"] ? { osVersion: platform["os.version"] } : {}),
    ...(kind === "artifact" && artifactType ? { artifactType } : {}),
    ...(subject ? { subject } : {}),
    ...(config?.created ? { created: config.created } : {}),
    ...(annotations ? { annotations } : {}),
    ...(configBlob ? { configDigest: configBlob.digest } : {}),
    ...(config?.config ? { config: config.config } : {}),
    ...(config?.history ? { history: config.history } : {}),
    sizeBytes: distinctBlobs(node).reduce((sum, blob) => sum + blob.size, 0),
    layers: layers.map(({ digest, mediaType, size }, position) => {
      const diffId = config?.rootfs.diff_ids[position];
      return { digest, mediaType, sizeBytes: size, ...(diffId ? { diffId } : {}) };
    }),
    manifests: node.children.map(inspectManifest),
    absent: absent.map(inspectAbsent),
    referrers: [],
  };
}

/** Its own, and what the list that names it says. */
function annotationsOf({ descriptor, bytes }: ManifestNode): InspectedImage["annotations"] {
  const parse = isIndexType(descriptor.mediaType) ? parseImageIndex : parseImageManifest;
  const { annotations: own } = parse(bytes);
  return own || descriptor.annotations ? { ...descriptor.annotations, ...own } : undefined;
}

function inspectAbsent(descriptor: Descriptor): AbsentContent {
  const { digest, mediaType, size, platform } = descriptor;
  const isManifest = isManifestType(mediaType) || isIndexType(mediaType);
  const kind = isAttestation(descriptor) ? "attestation" : isManifest ? "manifest" : "blob";
  const runsOn = platform && kind === "manifest" ? { platform: formatPlatform(platform) } : {};
  return { kind, digest, mediaType, sizeBytes: size, ...runsOn };
}

function kindOf({ descriptor, config, subject }: ManifestNode): InspectedImage["kind"] {
  if (isIndexType(descriptor.mediaType)) return "index";
  if (isAttestation(descriptor)) return "attestation";
  return config && !subject ? "image" : "artifact";
}
