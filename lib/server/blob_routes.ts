import { isDigest } from "../spec/digest.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { parseByteRange } from "./byte_range.ts";
import { contentHeaders, etagOf, isKnownToClient } from "./content_headers.ts";
import { deletionAnswer } from "./deletion_answer.ts";
import { emptyAnswer, errorAnswer } from "./registry_answer.ts";
import type { RegistryCall } from "./registry_route.ts";
import type { RegistryStore, RegistryWriter } from "./registry_store.ts";

/**
 * Gives a blob, whole or in part.
 *
 * @param call Which blob; may have `Range`, `If-Range` and `If-None-Match`.
 * @param store Where it is.
 * @returns 200, 206, 304, 404, or 416.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs
 */
export async function getBlob(
  { request, repository, name }: RegistryCall,
  store: RegistryStore,
): Promise<Response> {
  if (!isDigest(name)) return errorAnswer(400, "DIGEST_INVALID", { detail: { digest: name } });
  const blob = await store.findBlob(repository, name);
  if (!blob) return errorAnswer(404, "BLOB_UNKNOWN", { detail: { digest: name } });
  const { sizeBytes } = blob;
  const headers = {
    ...contentHeaders(name, { mediaType: MEDIA_TYPE.octetStream, sizeBytes }),
    "Accept-Ranges": "bytes",
  };
  if (isKnownToClient(request, name)) return emptyAnswer(304, { "ETag": etagOf(name) });
  if (request.method === "HEAD") return emptyAnswer(200, headers);
  const range = isMeant(request, etagOf(name))
    ? parseByteRange(request.headers.get("range"), sizeBytes)
    : "whole";
  if (range === "whole") return new Response(await blob.open(), { headers });
  if (range === "unsatisfiable") {
    return errorAnswer(416, "RANGE_INVALID", { headers: { "Content-Range": `bytes */${sizeBytes}` } });
  }
  const { offsetBytes, lengthBytes } = range;
  return new Response(await blob.open(range), {
    status: 206,
    headers: {
      ...headers,
      "Content-Length": `${lengthBytes}`,
      "Content-Range": `bytes ${offsetBytes}-${offsetBytes + lengthBytes - 1}/${sizeBytes}`,
    },
  });
}

/**
 * Takes a blob away.
 *
 * @param call Which blob.
 * @param writer Where it is.
 * @returns 202, 404, or 405 if it is still needed.
 */
export async function deleteBlob(
  { repository, name }: RegistryCall,
  writer: RegistryWriter,
): Promise<Response> {
  if (!isDigest(name)) return errorAnswer(400, "DIGEST_INVALID", { detail: { digest: name } });
  return deletionAnswer(await writer.deleteBlob(repository, name), "BLOB_UNKNOWN");
}

/** `If-Range` asks for the whole if it has changed. What a digest names does not, but a client may mean something else. */
function isMeant({ headers }: Request, etag: string): boolean {
  const condition = headers.get("if-range");
  return condition === null || condition === etag;
}
