import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { type Digest, isDigest } from "../../../lib/spec/digest.ts";
import {
  DocumentError,
  MAX_DOCUMENT_BYTES,
  parseImageIndex,
  parseImageManifest,
} from "../../../lib/spec/documents.ts";
import { isIndexType, isManifestType, isNonDistributable, MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { isTag } from "../../../lib/spec/reference.ts";
import { type HttpAnswer, type HttpRequest, readBody } from "./http_message.ts";
import { errorAnswer, jsonAnswer } from "./registry_answer.ts";
import { type Repository, type RepositoryStore, sha256Of, type StoredManifest } from "./repository.ts";
import type { Route } from "./routes.ts";

/**
 * Answers HEAD and GET of a manifest.
 *
 * @param route Which manifest.
 * @param store All repositories.
 * @returns The manifest, or 404.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export function answerManifest(route: Route, store: RepositoryStore): HttpAnswer {
  const manifest = store.find(route.repository)?.findManifest(route.name);
  if (!manifest) return errorAnswer(404, "MANIFEST_UNKNOWN", { detail: { name: route.name } });
  const headers = { "Content-Type": manifest.mediaType, "Docker-Content-Digest": manifest.digest };
  return route.kind === "head-manifest"
    ? { status: 200, headers: { ...headers, "Content-Length": `${manifest.bytes.length}` } }
    : { status: 200, headers, body: manifest.bytes };
}

/**
 * Stores a manifest or index, strictly: its bytes must have the digest it is put under, its type must be the one
 * inside, and what it names must be there, except for its `subject`.
 *
 * @param request A PUT.
 * @param route By tag or digest.
 * @param store All repositories.
 * @returns 201 with the digest.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 */
export async function putManifest(
  request: HttpRequest,
  route: Route,
  store: RepositoryStore,
): Promise<HttpAnswer> {
  const isByDigest = route.name.includes(":");
  if (!isByDigest && !isTag(route.name)) return errorAnswer(400, "TAG_INVALID");
  const bytes = await readBody(request.body, MAX_DOCUMENT_BYTES);
  if (!bytes) return errorAnswer(413, "SIZE_INVALID", { message: "the manifest is too large" });
  const digest = sha256Of(bytes);
  if (isByDigest && route.name !== digest) return errorAnswer(400, "DIGEST_INVALID");
  const mediaType = request.headers.get("content-type") ?? "";
  const repository = store.get(route.repository);
  let manifest: StoredManifest;
  try {
    const { links, subject } = readLinks(bytes, mediaType);
    const missing = links.find(({ digest, isThere }) => !isThere(repository, digest));
    if (missing) {
      return errorAnswer(400, "MANIFEST_BLOB_UNKNOWN", {
        message: "blob unknown to registry",
        detail: { digest: missing.digest },
      });
    }
    manifest = { bytes, mediaType, subject };
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return errorAnswer(400, "MANIFEST_INVALID", { message: error.message });
  }
  repository.manifests.set(digest, manifest);
  if (!isByDigest) repository.tags.set(route.name, digest);
  return {
    status: 201,
    headers: {
      "Location": `/v2/${route.repository}/manifests/${digest}`,
      "Docker-Content-Digest": digest,
      ...(manifest.subject ? { "OCI-Subject": manifest.subject } : {}),
    },
  };
}

/**
 * Removes a tag, or a manifest with its tags.
 *
 * @param route By tag or digest.
 * @param store All repositories.
 * @returns 202.
 */
export function deleteManifest(route: Route, store: RepositoryStore): HttpAnswer {
  const repository = store.find(route.repository);
  if (repository?.tags.delete(route.name)) return { status: 202 };
  if (!repository?.manifests.delete(route.name as Digest)) return errorAnswer(404, "MANIFEST_UNKNOWN");
  for (const [tag, digest] of repository.tags) if (digest === route.name) repository.tags.delete(tag);
  return { status: 202 };
}

/**
 * Lists tags in order, in pages if asked to.
 *
 * @param request May carry `n` and `last`.
 * @param route Which repository.
 * @param store All repositories.
 * @returns 200 with the tags, and a Link when there are more.
 */
export function listTags(request: HttpRequest, route: Route, store: RepositoryStore): HttpAnswer {
  const repository = store.find(route.repository);
  if (!repository) return errorAnswer(404, "NAME_UNKNOWN");
  const last = request.query.get("last") ?? "";
  const rest = [...repository.tags.keys()].sort().filter((tag) => tag > last);
  const count = Number(request.query.get("n") ?? Infinity);
  const tags = rest.slice(0, count);
  const next = `/v2/${route.repository}/tags/list?n=${count}&last=${encodeURIComponent(tags.at(-1) ?? "")}`;
  const headers = tags.length > 0 && tags.length < rest.length ? { "Link": `<${next}>; rel="next"` } : {};
  return jsonAnswer(200, { name: route.repository, tags }, headers);
}

/**
 * Lists what refers to a manifest.
 *
 * @param route Of which manifest.
 * @param store All repositories.
 * @returns 200 with an index, possibly empty.
 */
export function listReferrers(route: Route, store: RepositoryStore): HttpAnswer {
  if (!isDigest(route.name)) return errorAnswer(400, "DIGEST_INVALID");
  const manifests: Partial<Descriptor>[] = [];
  for (const [digest, { mediaType, bytes, subject }] of store.find(route.repository)?.manifests ?? []) {
    if (subject !== route.name) continue;
    const { artifactType, config, annotations } = JSON.parse(new TextDecoder().decode(bytes));
    manifests.push({
      mediaType,
      digest,
      size: bytes.length,
      artifactType: artifactType ?? config?.mediaType,
      annotations,
    });
  }
  return jsonAnswer(200, { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests }, {
    "Content-Type": MEDIA_TYPE.ociIndex,
  });
}

interface Link {
  digest: Digest;
  isThere: (repository: Repository, digest: Digest) => boolean;
}

function readLinks(bytes: Uint8Array, contentType: string): { links: Link[]; subject: Digest | undefined } {
  const isIndex = isIndexType(contentType);
  if (!isIndex && !isManifestType(contentType)) {
    throw new DocumentError(`the type "${contentType}" is not a manifest's`);
  }
  const document = isIndex ? parseImageIndex(bytes) : parseImageManifest(bytes);
  if (document.mediaType !== undefined && document.mediaType !== contentType) {
    throw new DocumentError("mediaType differs from Content-Type");
  }
  if ("manifests" in document) {
    const links = document.manifests.map(({ digest }) => ({ digest, isThere: hasManifest }));
    return { links, subject: undefined };
  }
  const layers = document.layers.filter(({ mediaType }) => !isNonDistributable(mediaType));
  const links = [document.config, ...layers].map(({ digest }) => ({ digest, isThere: hasBlob }));
  return { links, subject: document.subject?.digest };
}

function hasManifest(repository: Repository, digest: Digest): boolean {
  return repository.manifests.has(digest);
}

function hasBlob(repository: Repository, digest: Digest): boolean {
  return repository.blobs.has(digest);
}
