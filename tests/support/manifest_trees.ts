import assert from "node:assert/strict";
import { type Digest, digestOf } from "../../lib/spec/digest.ts";
import type { ManifestNode } from "../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import type { Platform } from "../../lib/spec/platform.ts";
import { parsePlatform } from "../../lib/spec/platform.ts";

/** What is special about an image. */
export interface ImageTreeOptions {
  /** @default {MEDIA_TYPE.ociManifest} */
  mediaType?: string;
  /** @default {MEDIA_TYPE.ociConfig} */
  configType?: string;
  /** Types of its layers. @default {[MEDIA_TYPE.ociLayerGzip]} */
  layerTypes?: readonly string[];
  annotations?: Record<string, string>;
  subject?: ManifestNode;
  artifactType?: string;
  /** Whether a layer is not there. */
  isPartial?: boolean;
}

/** Makes the manifest of an image without content; `text` sets it apart from others for its platform. */
export async function imageTree(
  platform: string,
  text = "",
  options: ImageTreeOptions = {},
): Promise<ManifestNode> {
  const { mediaType = MEDIA_TYPE.ociManifest, layerTypes = [MEDIA_TYPE.ociLayerGzip] } = options;
  const { annotations, artifactType, subject, configType = MEDIA_TYPE.ociConfig } = options;
  const { os, architecture, variant } = parsePlatform(platform)!;
  const digests = await Promise.all(layerTypes.map((type) => digestOf(encode(`${type}${platform}${text}`))));
  const layers = digests.map((digest, at) => ({ mediaType: layerTypes[at]!, digest, size: 10 }));
  const config = { mediaType: configType, digest: await digestOf(encode(`config ${digests}`)), size: 7 };
  const document = {
    schemaVersion: 2,
    mediaType,
    artifactType,
    config,
    layers,
    subject: subject?.descriptor,
    annotations,
  };
  return {
    ...await described(mediaType, document),
    blobs: [config, ...layers],
    children: [],
    config: { os, architecture, variant, rootfs: { diff_ids: digests } },
    absent: options.isPartial ? layers.slice(0, 1) : [],
    subject: subject?.descriptor,
  };
}

/** Makes an attestation of an image, as buildkit adds them to its index. */
export async function attestationTree(image: ManifestNode): Promise<ManifestNode> {
  const { digest } = image.descriptor;
  const layerTypes = ["application/vnd.in-toto+json"];
  const tree = await imageTree("unknown/unknown", `attestation of ${digest}`, { layerTypes });
  const annotations = {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": digest,
  };
  const platform = { os: "unknown", architecture: "unknown" };
  return { ...tree, config: undefined, descriptor: { ...tree.descriptor, platform, annotations } };
}

/** What is special about an index. */
export interface IndexTreeOptions {
  /** @default {MEDIA_TYPE.ociIndex} */
  mediaType?: string;
  annotations?: Record<string, string>;
  /** What it lists and is not there. */
  absent?: readonly ManifestNode[];
}

/** Makes an index. */
export async function indexTree(
  children: readonly ManifestNode[],
  options: IndexTreeOptions = {},
): Promise<ManifestNode> {
  const { mediaType = MEDIA_TYPE.ociIndex, annotations, absent = [] } = options;
  const manifests = [...children, ...absent].map(({ descriptor }) => descriptor);
  return {
    ...await described(mediaType, { schemaVersion: 2, mediaType, manifests, annotations }),
    blobs: [],
    children,
    absent: absent.map(({ descriptor }) => descriptor),
  };
}

/** Gives a manifest the platform that an index says it is for. */
export function forPlatform(node: ManifestNode, platform: Platform): ManifestNode {
  return { ...node, descriptor: { ...node.descriptor, platform } };
}

/** What a tree is, in short: digests of a manifest, of an index in brackets its children. */
export function digestsIn({ descriptor, children }: ManifestNode): Digest | unknown[] {
  return children.length > 0 ? children.map(digestsIn) : descriptor.digest;
}

/** Reads the document of a manifest or index. */
// deno-lint-ignore no-explicit-any -- tests look at all of it
export function documentOf({ bytes }: ManifestNode): any {
  return JSON.parse(new TextDecoder().decode(bytes));
}

async function described(
  mediaType: string,
  document: object,
): Promise<Pick<ManifestNode, "descriptor" | "bytes">> {
  const bytes = encode(JSON.stringify(document));
  return { descriptor: { mediaType, digest: await digestOf(bytes), size: bytes.length }, bytes };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Checks that every document of a tree says what the tree says, under the digest it has. */
export async function assertConsistent(node: ManifestNode): Promise<void> {
  const document = documentOf(node);
  const { descriptor, bytes, blobs, children, subject } = node;
  const { mediaType, digest, size } = descriptor;
  assert.equal(digest, await digestOf(bytes));
  assert.deepEqual([document.schemaVersion, document.mediaType, size], [2, mediaType, bytes.length]);
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  if ("manifests" in document) {
    const key = (each: { digest: string; mediaType: string }): string => `${each.mediaType} ${each.digest}`;
    assert.deepEqual(document.manifests.map(key), children.map((child) => key(child.descriptor)));
  } else {
    assert.deepEqual([document.config, ...document.layers], plain(blobs));
  }
  assert.deepEqual(document.subject, subject && plain(subject));
  for (const child of children) await assertConsistent(child);
}
