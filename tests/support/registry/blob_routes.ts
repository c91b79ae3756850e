import type { Digest } from "../../../lib/spec/digest.ts";
import { concatBytes, type HttpAnswer, type HttpRequest } from "./http_message.ts";
import { errorAnswer } from "./registry_answer.ts";
import type { RepositoryStore } from "./repository.ts";
import type { Route } from "./routes.ts";

const RANGE_REGEXP = /^bytes=(\d*)-(\d*)$/;

/**
 * Answers HEAD, GET (whole or a range) and DELETE of a blob.
 *
 * @param request The request.
 * @param route Which blob.
 * @param store All repositories.
 * @returns The blob, or 404.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs
 */
export function answerBlob(request: HttpRequest, route: Route, store: RepositoryStore): HttpAnswer {
  const blobs = store.find(route.repository)?.blobs;
  const blob = blobs?.get(route.name as Digest);
  if (!blobs || !blob) return errorAnswer(404, "BLOB_UNKNOWN", { detail: { digest: route.name } });
  if (route.kind === "delete-blob") {
    blobs.delete(route.name as Digest);
    return { status: 202 };
  }
  const headers = {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": route.name,
    "Accept-Ranges": "bytes",
  };
  if (route.kind === "head-blob") {
    return { status: 200, headers: { ...headers, "Content-Length": `${blob.sizeBytes}` } };
  }
  if (!blob.parts) return errorAnswer(404, "BLOB_UNKNOWN", { message: "only its hash was kept" });
  const range = RANGE_REGEXP.exec(request.headers.get("range") ?? "");
  if (!range) return { status: 200, headers, body: blob.parts };
  return answerRange(concatBytes(blob.parts), range, headers);
}

/** As RFC 9110 §14 says: `a-b`, `a-` and the last `-n` bytes. */
function answerRange(
  bytes: Uint8Array,
  [, first = "", last = ""]: RegExpExecArray,
  headers: Record<string, string>,
): HttpAnswer {
  const start = first === "" ? Math.max(bytes.length - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? bytes.length : Math.min(Number(last) + 1, bytes.length);
  if (start >= end) return { status: 416, headers: { "Content-Range": `bytes */${bytes.length}` } };
  return {
    status: 206,
    headers: { ...headers, "Content-Range": `bytes ${start}-${end - 1}/${bytes.length}` },
    body: bytes.subarray(start, end),
  };
}
