import { algorithmOf, type Digest, isDigest } from "../spec/digest.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { isRepository } from "../spec/reference.ts";
import type { ShaAlgorithm } from "../util/sha256.ts";
import { emptyAnswer, errorAnswer } from "./registry_answer.ts";
import type { RegistryCall } from "./registry_route.ts";
import { requestChunks } from "./request_chunks.ts";
import type { RegistryWriter, Upload } from "./registry_store.ts";

const CONTENT_RANGE_REGEXP = /^(\d+)-(\d+)$/;

/**
 * Begins an upload, mounts a blob, or takes a whole blob in one request.
 *
 * @param call A POST, possibly with `mount` and `from`, or with `digest` and a body.
 * @param writer Where blobs go.
 * @returns 201 if the blob is there afterwards, else 202 with a session, or 400.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export async function startUpload(call: RegistryCall, writer: RegistryWriter): Promise<Response> {
  const { repository, query } = call;
  const mounted = query.get("mount");
  const from = query.get("from") ?? undefined;
  if (mounted !== null && isDigest(mounted) && (from === undefined || isRepository(from))) {
    if (await writer.mountBlob(mounted, { from, to: repository })) return blobCreated(repository, mounted);
  }
  const upload = await writer.startUpload(repository, algorithmFor(query));
  if (!query.has("digest")) return sessionAnswer(202, call, upload);
  const answer = await commit(call, upload);
  // Its session was never told to anybody.
  if (!answer.ok) await upload.cancel();
  return answer;
}

/**
 * Does something with an upload that was begun: says how far it is, appends to it, ends it, gives it up.
 *
 * @param call GET, PATCH, PUT with `digest`, or DELETE of an upload.
 * @param writer Where blobs go.
 * @returns 201, 202 or 204; 400, 404, 415 or 416.
 */
export async function continueUpload(call: RegistryCall, writer: RegistryWriter): Promise<Response> {
  const upload = await writer.findUpload(call.repository, call.name);
  if (!upload) return errorAnswer(404, "BLOB_UPLOAD_UNKNOWN");
  switch (call.request.method) {
    case "PATCH":
      return await receive(call, upload) ?? sessionAnswer(202, call, upload);
    case "PUT":
      return await commit(call, upload);
    case "DELETE":
      await upload.cancel();
      return emptyAnswer(204);
    default:
      return sessionAnswer(204, call, upload);
  }
}

async function commit(call: RegistryCall, upload: Upload): Promise<Response> {
  const digest = call.query.get("digest") ?? "";
  if (!isDigest(digest)) {
    return errorAnswer(400, "DIGEST_INVALID", { message: "no digest, or none that is known" });
  }
  const refusal = await receive(call, upload);
  if (refusal) return refusal;
  const actual = await upload.commit(digest);
  if (actual === digest) return blobCreated(call.repository, digest);
  return errorAnswer(400, "DIGEST_INVALID", {
    message: "provided digest did not match uploaded content",
    detail: { digest, actual },
  });
}

/** Takes the body, or says why not: then nothing of it was read. */
async function receive(call: RegistryCall, upload: Upload): Promise<Response | undefined> {
  const { headers } = call.request;
  const type = headers.get("content-type") ?? "";
  if (type !== "" && type !== MEDIA_TYPE.octetStream) {
    return errorAnswer(415, "UNSUPPORTED", { message: `cannot append ${type}` });
  }
  const contentRange = headers.get("content-range");
  const [, first, last] = CONTENT_RANGE_REGEXP.exec(contentRange ?? "") ?? [];
  if (contentRange !== null && first === undefined) {
    return errorAnswer(400, "BLOB_UPLOAD_INVALID", { message: "Content-Range header format is invalid" });
  }
  const length = headers.get("content-length");
  if (contentRange !== null && length !== null && Number(length) !== Number(last) - Number(first) + 1) {
    return errorAnswer(400, "SIZE_INVALID", { message: "Content-Length is not that of Content-Range" });
  }
  const startBytes = first === undefined ? undefined : Number(first);
  if (await upload.append(requestChunks(call.request), startBytes)) return undefined;
  return errorAnswer(416, "RANGE_INVALID", {
    message: `expected the part that starts at byte ${upload.sizeBytes}`,
    headers: sessionHeaders(call, upload),
  });
}

function algorithmFor(query: URLSearchParams): ShaAlgorithm {
  const digest = query.get("digest") ?? "";
  if (isDigest(digest)) return algorithmOf(digest);
  return query.get("digest-algorithm") === "sha512" ? "sha512" : "sha256";
}

function blobCreated(repository: string, digest: Digest): Response {
  return emptyAnswer(201, {
    "Location": `/v2/${repository}/blobs/${digest}`,
    "Docker-Content-Digest": digest,
  });
}

function sessionAnswer(status: number, call: RegistryCall, upload: Upload): Response {
  return emptyAnswer(status, sessionHeaders(call, upload));
}

function sessionHeaders({ repository }: RegistryCall, { id, sizeBytes }: Upload): Record<string, string> {
  return {
    "Location": `/v2/${repository}/blobs/uploads/${id}`,
    // The last byte, inclusive; an empty upload looks like one of one byte, here and in most registries.
    "Range": `0-${Math.max(sizeBytes - 1, 0)}`,
    "Docker-Upload-UUID": id,
  };
}
