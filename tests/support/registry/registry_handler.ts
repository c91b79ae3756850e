/**
 * A registry by the letter of the distribution spec: a function from request to answer. Nothing here knows of
 * sockets, credentials, quirks or faults.
 *
 * @module
 */

import { answerBlob } from "./blob_routes.ts";
import { type HttpAnswer, type HttpRequest, withAnswerHeader } from "./http_message.ts";
import { answerManifest, deleteManifest, listReferrers, listTags, putManifest } from "./manifest_routes.ts";
import { errorAnswer, jsonAnswer } from "./registry_answer.ts";
import type { Route } from "./routes.ts";
import {
  appendUpload,
  cancelUpload,
  commitUpload,
  startUpload,
  type UploadContext,
  uploadStatus,
} from "./upload_routes.ts";

const NAME_PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const NAME_REGEXP = new RegExp(`^${NAME_PART}(?:/${NAME_PART})*$`);

/**
 * Answers a request as the spec says.
 *
 * @param request The request.
 * @param route What it is about.
 * @param context Where things are kept.
 * @returns The answer.
 * @throws {ConnectionLost} If the client leaves in the middle of the body.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export async function answerRegistryRequest(
  request: HttpRequest,
  route: Route,
  context: UploadContext,
): Promise<HttpAnswer> {
  const answer = route.repository !== "" && !NAME_REGEXP.test(route.repository)
    ? errorAnswer(400, "NAME_INVALID")
    : await dispatch(request, route, context);
  return withAnswerHeader(answer, "Docker-Distribution-API-Version", "registry/2.0");
}

function dispatch(
  request: HttpRequest,
  route: Route,
  context: UploadContext,
): HttpAnswer | Promise<HttpAnswer> {
  const { store } = context;
  switch (route.kind) {
    case "ping":
      return jsonAnswer(200, {});
    case "catalog":
      return jsonAnswer(200, { repositories: store.names() });
    case "head-blob":
    case "get-blob":
    case "delete-blob":
      return answerBlob(request, route, store);
    case "start-upload":
    case "mount":
      return startUpload(request, route, context);
    case "append":
      return appendUpload(request, route, store);
    case "status":
      return uploadStatus(route, store);
    case "commit":
      return commitUpload(request, route, store);
    case "cancel":
      return cancelUpload(route, store);
    case "head-manifest":
    case "get-manifest":
      return answerManifest(route, store);
    case "put-manifest":
      return putManifest(request, route, store);
    case "delete-manifest":
      return deleteManifest(route, store);
    case "list-tags":
      return listTags(request, route, store);
    case "referrers":
      return listReferrers(route, store);
    default:
      return errorAnswer(404, "UNSUPPORTED", { message: "page not found" });
  }
}
