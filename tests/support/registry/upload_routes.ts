import { type Digest, isDigest } from "../../../lib/spec/digest.ts";
import type { HttpAnswer, HttpRequest } from "./http_message.ts";
import { errorAnswer } from "./registry_answer.ts";
import { type Repository, type RepositoryStore, UploadSession } from "./repository.ts";
import type { Route } from "./routes.ts";

const CONTENT_RANGE_REGEXP = /^(\d+)-(\d+)$/;

/** Where uploads go. */
export interface UploadContext {
  /** All repositories. */
  store: RepositoryStore;
  /** Blobs larger than this are only hashed, not kept. */
  maxKeptBytes: number;
}

/**
 * Opens an upload, mounts a blob, or takes a whole blob in one request.
 *
 * @param request A POST.
 * @param route Which repository.
 * @param context Where uploads go.
 * @returns 201 when the blob is there afterwards, else 202 with a session.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export async function startUpload(
  request: HttpRequest,
  route: Route,
  { store, maxKeptBytes }: UploadContext,
): Promise<HttpAnswer> {
  const repository = store.get(route.repository);
  const mounted = mount(request, repository, store);
  if (mounted) return blobCreated(route, mounted);
  const session = new UploadSession(crypto.randomUUID(), maxKeptBytes);
  repository.uploads.set(session.id, session);
  if (request.query.has("digest")) return await commitUpload(request, { ...route, name: session.id }, store);
  return sessionAnswer(202, route, session);
}

/**
 * Appends to an upload. Without `Content-Range` the body goes where the upload stands, as docker sends it.
 *
 * @param request A PATCH.
 * @param route Which session.
 * @param store All repositories.
 * @returns 202 with the Location of the next request.
 */
export async function appendUpload(
  request: HttpRequest,
  route: Route,
  store: RepositoryStore,
): Promise<HttpAnswer> {
  const session = store.get(route.repository).uploads.get(route.name);
  if (!session) return errorAnswer(404, "BLOB_UPLOAD_UNKNOWN");
  return await receive(request, route, session) ?? sessionAnswer(202, route, session);
}

/**
 * Says how much of an upload there is.
 *
 * @param route Which session.
 * @param store All repositories.
 * @returns 204 with Location and Range.
 */
export function uploadStatus(route: Route, store: RepositoryStore): HttpAnswer {
  const session = store.get(route.repository).uploads.get(route.name);
  return session ? sessionAnswer(204, route, session) : errorAnswer(404, "BLOB_UPLOAD_UNKNOWN");
}

/**
 * Ends an upload, with the last bytes or none.
 *
 * @param request A PUT (or POST of a whole blob) with the digest.
 * @param route Which session.
 * @param store All repositories.
 * @returns 201 with the Location of the blob; a wrong digest ends the session as well.
 */
export async function commitUpload(
  request: HttpRequest,
  route: Route,
  store: RepositoryStore,
): Promise<HttpAnswer> {
  const repository = store.get(route.repository);
  const session = repository.uploads.get(route.name);
  if (!session) return errorAnswer(404, "BLOB_UPLOAD_UNKNOWN");
  const digest = request.query.get("digest") ?? "";
  if (!isDigest(digest)) {
    return errorAnswer(400, "DIGEST_INVALID", { message: "no digest, or none that is known" });
  }
  const refusal = await receive(request, route, session);
  if (refusal) return refusal;
  repository.uploads.delete(session.id);
  if (session.digest() !== digest) {
    return errorAnswer(400, "DIGEST_INVALID", {
      message: "provided digest did not match uploaded content",
      detail: { digest, actual: session.digest() },
    });
  }
  repository.blobs.set(digest, { sizeBytes: session.sizeBytes, parts: session.parts });
  return blobCreated(route, digest);
}

/**
 * Gives an upload up.
 *
 * @param route Which session.
 * @param store All repositories.
 * @returns 204.
 */
export function cancelUpload(route: Route, store: RepositoryStore): HttpAnswer {
  const isFound = store.get(route.repository).uploads.delete(route.name);
  return isFound ? { status: 204 } : errorAnswer(404, "BLOB_UPLOAD_UNKNOWN");
}

/** Takes the body, or says why not: then nothing of it was read. */
async function receive(
  request: HttpRequest,
  route: Route,
  session: UploadSession,
): Promise<HttpAnswer | undefined> {
  const type = request.headers.get("content-type") ?? "";
  if (type !== "" && type !== "application/octet-stream") {
    return errorAnswer(415, "UNSUPPORTED", { message: `cannot append ${type}` });
  }
  const contentRange = request.headers.get("content-range");
  if (contentRange !== null) {
    const match = CONTENT_RANGE_REGEXP.exec(contentRange);
    if (!match) {
      return errorAnswer(400, "BLOB_UPLOAD_INVALID", { message: "Content-Range header format is invalid" });
    }
    const [start, end] = [Number(match[1]), Number(match[2])];
    if (start !== session.sizeBytes) {
      const { headers = {} } = sessionAnswer(416, route, session);
      return errorAnswer(416, "RANGE_INVALID", {
        message: `expected the part that starts at byte ${session.sizeBytes}`,
        headers,
      });
    }
    const length = request.headers.get("content-length");
    if (length !== null && Number(length) !== end - start + 1) return errorAnswer(400, "SIZE_INVALID");
  }
  await session.append(request.body);
  return undefined;
}

function mount(request: HttpRequest, repository: Repository, store: RepositoryStore): Digest | undefined {
  const digest = (request.query.get("mount") ?? "") as Digest;
  const blob = store.find(request.query.get("from") ?? "")?.blobs.get(digest);
  if (!blob) return undefined;
  repository.blobs.set(digest, blob);
  return digest;
}

function blobCreated(route: Route, digest: Digest): HttpAnswer {
  return {
    status: 201,
    headers: { "Location": `/v2/${route.repository}/blobs/${digest}`, "Docker-Content-Digest": digest },
  };
}

function sessionAnswer(status: number, route: Route, session: UploadSession): HttpAnswer {
  return {
    status,
    headers: {
      "Location": `/v2/${route.repository}/blobs/uploads/${session.id}`,
      // The last byte, inclusive; an empty upload looks like one of one byte, here and in most registries.
      "Range": `0-${Math.max(session.sizeBytes - 1, 0)}`,
      "Docker-Upload-UUID": session.id,
    },
  };
}
