import { type Digest, digestLike, digestOf, isDigest } from "../spec/digest.ts";
import { DocumentError, MAX_DOCUMENT_BYTES } from "../spec/documents.ts";
import { isTag } from "../spec/reference.ts";
import { readCappedBody } from "./capped_body.ts";
import { contentHeaders, etagOf, isKnownToClient } from "./content_headers.ts";
import { deletionAnswer } from "./deletion_answer.ts";
import { type ManifestDocument, parseManifestDocument } from "./manifest_document.ts";
import { emptyAnswer, errorAnswer } from "./registry_answer.ts";
import type { RegistryCall } from "./registry_route.ts";
import type { RegistryStore, RegistryWriter } from "./registry_store.ts";

/**
 * Gives a manifest or index.
 *
 * @param call Its tag or digest; may have `If-None-Match`. `Accept` decides nothing: the bytes are what was pushed.
 * @param store Where it is.
 * @returns 200, 304, or 404.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export async function getManifest(
  { request, repository, name }: RegistryCall,
  store: RegistryStore,
): Promise<Response> {
  const manifest = await store.findManifest(repository, name);
  if (!manifest) return errorAnswer(404, "MANIFEST_UNKNOWN", { detail: { name } });
  const { mediaType, digest, size: sizeBytes } = manifest.descriptor;
  const headers = contentHeaders(digest, { mediaType, sizeBytes });
  if (isKnownToClient(request, digest)) return emptyAnswer(304, { "ETag": etagOf(digest) });
  if (request.method === "HEAD") return emptyAnswer(200, headers);
  return new Response(await manifest.read(), { headers });
}

/**
 * Keeps a manifest or index, strictly: its bytes must have the digest it is put under, its type must be the one inside,
 * and what it names must be there, except for its `subject`.
 *
 * @param call The manifest, of at most 4 MiB, and its tag or digest.
 * @param stores Where it goes, and what must be there.
 * @returns 201 with the digest, 400, or 413.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 */
export async function putManifest(
  { request, repository, name }: RegistryCall,
  { store, writer }: { store: RegistryStore; writer: RegistryWriter },
): Promise<Response> {
  const isByDigest = name.includes(":");
  if (isByDigest && !isDigest(name)) return errorAnswer(400, "DIGEST_INVALID", { detail: { digest: name } });
  if (!isByDigest && !isTag(name)) return errorAnswer(400, "TAG_INVALID", { detail: { tag: name } });
  const bytes = await readCappedBody(request, MAX_DOCUMENT_BYTES);
  if (!bytes) return errorAnswer(413, "SIZE_INVALID", { message: "the manifest is larger than 4 MiB" });
  const digest = isDigest(name) ? await digestLike(bytes, name) : await digestOf(bytes);
  if (isByDigest && digest !== name) {
    return errorAnswer(400, "DIGEST_INVALID", { detail: { digest: name, actual: digest } });
  }
  const [mediaType = ""] = (request.headers.get("content-type") ?? "").split(";");
  let document: ManifestDocument;
  try {
    document = parseManifestDocument(bytes, mediaType.trim());
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return errorAnswer(400, "MANIFEST_INVALID", { message: error.message });
  }
  const missing = await findMissing(document, repository, store);
  if (missing) return errorAnswer(400, "MANIFEST_BLOB_UNKNOWN", { detail: { digest: missing } });
  const tag = isByDigest ? undefined : name;
  await writer.putManifest(repository, { mediaType: mediaType.trim(), digest, bytes, tag });
  return emptyAnswer(201, {
    "Location": `/v2/${repository}/manifests/${digest}`,
    "Docker-Content-Digest": digest,
    ...(document.subject ? { "OCI-Subject": document.subject } : {}),
  });
}

/**
 * Takes a tag away, or a manifest with its tags.
 *
 * @param call The tag or digest.
 * @param writer Where it is.
 * @returns 202, 404, or 405 if an index still lists it.
 */
export async function deleteManifest(
  { repository, name }: RegistryCall,
  writer: RegistryWriter,
): Promise<Response> {
  const deletion = isDigest(name)
    ? await writer.deleteManifest(repository, name)
    : await writer.deleteTag(repository, name);
  return deletionAnswer(deletion, "MANIFEST_UNKNOWN");
}

async function findMissing(
  { blobs, manifests }: ManifestDocument,
  repository: string,
  store: RegistryStore,
): Promise<Digest | undefined> {
  for (const { digest } of manifests) if (!await store.findManifest(repository, digest)) return digest;
  for (const digest of blobs) if (!await store.findBlob(repository, digest)) return digest;
  return undefined;
}
