/**
 * The JSON documents of images, checked once where they enter. Schemas describe what this tool
 * reads and keep the rest out of the way; the original bytes are what travels.
 *
 * @module
 */

import * as v from "valibot";
import type { Descriptor } from "./descriptor.ts";
import { type Digest, isDigest } from "./digest.ts";
import { jsonDepth } from "./json_depth.ts";
import { isIndexType, isManifestType, MEDIA_TYPE } from "./media_type.ts";
import type { Platform } from "./platform.ts";

/** Largest manifest, index or config read into memory, as the distribution spec suggests for registries. */
export const MAX_DOCUMENT_BYTES: number = 4 * 2 ** 20;

/** Deepest nesting: documents need ten levels or so, and a parser takes a hundred bytes for each. */
const MAX_DOCUMENT_DEPTH = 200;

/** Most images in one `manifest.json`, and most names. */
const MAX_DOCKER_SAVE_ITEMS = 10_000;
const MAX_REPO_TAGS = 100_000;

const digestSchema = v.custom<Digest>(
  (value) => typeof value === "string" && isDigest(value),
  "must be a digest",
);
const sizeSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const annotationsSchema = v.record(v.string(), v.string());

const platformSchema: v.GenericSchema<Platform> = v.object({
  os: v.string(),
  architecture: v.string(),
  variant: v.optional(v.string()),
  "os.version": v.optional(v.string()),
  "os.features": v.optional(v.array(v.string())),
});

const descriptorSchema: v.GenericSchema<Descriptor> = v.object({
  mediaType: v.string(),
  digest: digestSchema,
  size: sizeSchema,
  urls: v.optional(v.array(v.string())),
  annotations: v.optional(annotationsSchema),
  platform: v.optional(platformSchema),
  artifactType: v.optional(v.string()),
});

/**
 * One image or artifact.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
export interface ImageManifest {
  /** Absent in old OCI documents. */
  mediaType?: string | undefined;
  /** The config blob. */
  config: Descriptor;
  /** The layers, base first. */
  layers: Descriptor[];
  /** What this document refers to, for signatures and attestations. */
  subject?: Descriptor | undefined;
  /** What the artifact is, when it is not an image. */
  artifactType?: string | undefined;
  /** Free text from the producer. */
  annotations?: Record<string, string> | undefined;
}

const imageManifestSchema: v.GenericSchema<ImageManifest> = v.object({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  config: descriptorSchema,
  layers: v.array(descriptorSchema),
  subject: v.optional(descriptorSchema),
  artifactType: v.optional(v.string()),
  annotations: v.optional(annotationsSchema),
});

/**
 * Several manifests under one digest.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export interface ImageIndex {
  /** Absent in old OCI documents. */
  mediaType?: string | undefined;
  /** Manifests and nested indexes. */
  manifests: Descriptor[];
  /** What this document refers to. */
  subject?: Descriptor | undefined;
  /** What the artifact is, when it is not an image. */
  artifactType?: string | undefined;
  /** Free text from the producer. */
  annotations?: Record<string, string> | undefined;
}

const imageIndexSchema: v.GenericSchema<ImageIndex> = v.object({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  manifests: v.array(descriptorSchema),
  subject: v.optional(descriptorSchema),
  artifactType: v.optional(v.string()),
  annotations: v.optional(annotationsSchema),
});

/**
 * The part of an image config this tool needs.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export interface ImageConfig extends Platform {
  /** When it was built, RFC 3339. */
  created?: string | undefined;
  /** Digests of the uncompressed layers, base first. */
  rootfs: { diff_ids: Digest[] };
  /** How its programs run; absent also where it is not understood. */
  config?: ContainerConfig | undefined;
  /** How its layers came about; absent also where it is not understood. */
  history?: HistoryEntry[] | undefined;
}

/** How the programs of an image run, unless told otherwise. */
export interface ContainerConfig {
  /** User name or ID, with a group if any. */
  User?: string | undefined;
  /** Variables, as `NAME=value`. */
  Env?: string[] | undefined;
  /** What is started. */
  Entrypoint?: string[] | undefined;
  /** Its arguments, or what is started where there is no entry point. */
  Cmd?: string[] | undefined;
  /** Directory it starts in. */
  WorkingDir?: string | undefined;
  /** Ports it listens on, as `80/tcp`. */
  ExposedPorts?: Record<string, unknown> | undefined;
  /** Directories that are kept apart from the image. */
  Volumes?: Record<string, unknown> | undefined;
  /** What its maker says of it. */
  Labels?: Record<string, string> | undefined;
  /** Signal that stops it. */
  StopSignal?: string | undefined;
}

/** One step of how an image was made. */
export interface HistoryEntry {
  /** When, RFC 3339. */
  created?: string | undefined;
  /** The command. */
  created_by?: string | undefined;
  /** What its maker says of it. */
  comment?: string | undefined;
  /** Whether it made no layer. */
  empty_layer?: boolean | undefined;
}

const texts = v.nullish(v.array(v.string()), undefined);
const objects = v.nullish(v.record(v.string(), v.unknown()), undefined);
const containerConfigSchema = v.object({
  User: v.optional(v.string()),
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  WorkingDir: v.optional(v.string()),
  ExposedPorts: objects,
  Volumes: objects,
  Labels: v.nullish(v.record(v.string(), v.string()), undefined),
  StopSignal: v.optional(v.string()),
});
const historySchema = v.array(v.object({
  created: v.optional(v.string()),
  created_by: v.optional(v.string()),
  comment: v.optional(v.string()),
  empty_layer: v.optional(v.boolean()),
}));

const imageConfigSchema: v.GenericSchema<ImageConfig> = v.object({
  os: v.optional(v.string(), ""),
  architecture: v.optional(v.string(), ""),
  variant: v.optional(v.string()),
  "os.version": v.optional(v.string()),
  created: v.optional(v.string()),
  rootfs: v.object({ diff_ids: v.nullish(v.array(digestSchema), []) }),
  // They are for people only: what is odd about them must not keep an image from being moved.
  config: v.fallback(v.optional(containerConfigSchema), undefined),
  history: v.fallback(v.optional(historySchema), undefined),
}) as v.GenericSchema<ImageConfig>;

/** One image in docker save's `manifest.json`; paths are names within the archive. */
export interface DockerSaveItem {
  /** Path of the config. */
  Config: string;
  /** Names, as their producer wrote them. */
  RepoTags: string[];
  /** Paths of the layers, base first; a path may repeat. */
  Layers: string[];
  /** By diff ID: docker 25+ writes it for every layer, older ones for foreign layers only. */
  LayerSources?:
    | Record<string, { mediaType: string; size: number; digest: Digest; urls?: string[] | undefined }>
    | undefined;
}

const dockerSaveItemSchema = v.object({
  Config: v.string(),
  RepoTags: v.nullish(v.array(v.string()), []),
  Layers: v.nullish(v.array(v.string()), []),
  LayerSources: v.optional(v.record(
    v.string(),
    v.object({
      mediaType: v.string(),
      size: sizeSchema,
      digest: digestSchema,
      urls: v.optional(v.array(v.string())),
    }),
  )),
}) as v.GenericSchema<DockerSaveItem>;

const dockerSaveSchema: v.GenericSchema<DockerSaveItem[]> = v.pipe(
  v.array(dockerSaveItemSchema),
  v.maxLength(MAX_DOCKER_SAVE_ITEMS, `it has more than ${MAX_DOCKER_SAVE_ITEMS} images`),
  v.check(
    (items) => items.reduce((sum, { RepoTags }) => sum + RepoTags.length, 0) <= MAX_REPO_TAGS,
    `it has more than ${MAX_REPO_TAGS} names`,
  ),
);

/** A document that is not what it should be; the caller knows its name and makes the user's error of it. */
export class DocumentError extends Error {
  /** Always `"DocumentError"`. */
  override readonly name = "DocumentError";
}

/**
 * Reads an image manifest.
 *
 * @param bytes JSON.
 * @returns The checked document.
 * @throws {DocumentError} If it is not JSON, not a manifest, or could be taken for an index as well
 * ([CVE-2021-41190](https://github.com/advisories/GHSA-mc8v-mgrf-8f4m)).
 */
export function parseImageManifest(bytes: Uint8Array): ImageManifest {
  const json = parseJson(bytes);
  if (isObject(json) && "manifests" in json) throw new DocumentError("it is both a manifest and an index");
  const manifest = check(imageManifestSchema, json);
  if (manifest.mediaType && !isManifestType(manifest.mediaType)) {
    throw new DocumentError(`mediaType "${manifest.mediaType}" is not a manifest's`);
  }
  return manifest;
}

/**
 * Reads an image index or docker manifest list.
 *
 * @param bytes JSON.
 * @returns The checked document.
 * @throws {DocumentError} If it is not JSON, not an index, or could be taken for a manifest as well.
 */
export function parseImageIndex(bytes: Uint8Array): ImageIndex {
  const json = parseJson(bytes);
  if (isObject(json) && ("layers" in json || "config" in json)) {
    throw new DocumentError("it is both a manifest and an index");
  }
  const index = check(imageIndexSchema, json);
  if (index.mediaType && !isIndexType(index.mediaType)) {
    throw new DocumentError(`mediaType "${index.mediaType}" is not an index's`);
  }
  return index;
}

/**
 * Finds out of what type a manifest or index is that nothing names.
 *
 * @param bytes JSON.
 * @returns Its media type as it says, or else as its fields show; `undefined` if it is some other JSON.
 * @throws {DocumentError} If it is not JSON.
 */
export function manifestTypeOf(bytes: Uint8Array): string | undefined {
  const json = parseJson(bytes);
  if (!isObject(json) || !("schemaVersion" in json)) return undefined;
  if (typeof json.mediaType === "string") return json.mediaType;
  if (json.schemaVersion === 1) return MEDIA_TYPE.dockerManifestV1;
  return "manifests" in json ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
}

/**
 * Reads an image config.
 *
 * @param bytes JSON.
 * @returns The checked part this tool uses.
 * @throws {DocumentError} If it is not JSON or not an image config.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  return check(imageConfigSchema, parseJson(bytes));
}

/**
 * Reads docker save's `manifest.json`.
 *
 * @param bytes JSON.
 * @returns Its images; `null` lists are empty ones.
 * @throws {DocumentError} If it is not JSON or not such a list.
 */
export function parseDockerSaveManifest(bytes: Uint8Array): DockerSaveItem[] {
  return check(dockerSaveSchema, parseJson(bytes));
}

/**
 * Reads JSON in UTF-8 and checks its shape.
 *
 * @typeParam T The shape.
 * @param schema Checks the shape.
 * @param bytes JSON.
 * @returns The checked value.
 * @throws {DocumentError} If it is not JSON or not of that shape.
 */
export function parseDocument<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array): T {
  return check(schema, parseJson(bytes));
}

function parseJson(bytes: Uint8Array): unknown {
  if (jsonDepth(bytes) > MAX_DOCUMENT_DEPTH) throw new DocumentError("it is nested too deeply");
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's words quote the text, which may hold secrets.
    throw new DocumentError("it is not JSON");
  }
}

function check<T>(schema: v.GenericSchema<unknown, T>, json: unknown): T {
  // Early, since a hostile list can be wrong in millions of places.
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  throw new DocumentError(`${path ? `"${path}" is wrong: ` : ""}${issue.message}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
