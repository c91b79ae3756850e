import { isRepository } from "../spec/reference.ts";
import { type BasicLogin, basicLoginCheck } from "./basic_login.ts";
import { deleteBlob, getBlob } from "./blob_routes.ts";
import { listReferrers, listRepositories, listTags } from "./listing_routes.ts";
import { deleteManifest, getManifest, putManifest } from "./manifest_routes.ts";
import { errorAnswer, jsonAnswer } from "./registry_answer.ts";
import { parseRoute, type RegistryCall } from "./registry_route.ts";
import type { RegistryStore, RegistryWriter } from "./registry_store.ts";
import { continueUpload, startUpload } from "./upload_routes.ts";

/** Answers requests. */
export type RegistryHandler = (request: Request) => Promise<Response>;

/** How a registry answers. */
export interface RegistryHandlerOptions {
  /**
   * Who may use it.
   *
   * @default {everybody}
   */
  login?: BasicLogin | undefined;
}

/**
 * The registry's side of the distribution spec 1.1, as a function from request to answer: nothing here knows of sockets.
 * Bodies are streamed, and every answer says its length.
 *
 * @param store What the registry keeps. Without a `writer` it can only be read.
 * @param options Who may use it.
 * @returns The function. It throws what the store and the bodies of requests throw.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export function createRegistryHandler(
  store: RegistryStore,
  { login }: RegistryHandlerOptions = {},
): RegistryHandler {
  const isWelcome = login ? basicLoginCheck(login) : () => true;
  return async (request) => {
    const answer = await isWelcome(request.headers.get("authorization"))
      ? await answerRequest(request, store)
      : unauthorized();
    answer.headers.set("Docker-Distribution-API-Version", "registry/2.0");
    answer.headers.set("X-Content-Type-Options", "nosniff");
    if (request.method !== "HEAD") return answer;
    await answer.body?.cancel();
    return new Response(null, answer);
  };
}

async function answerRequest(request: Request, store: RegistryStore): Promise<Response> {
  const { pathname: path, searchParams: query } = new URL(request.url);
  const route = parseRoute(request.method, path);
  if (!route) return errorAnswer(404, "UNSUPPORTED", { message: "page not found" });
  if (route.repository !== "" && !isRepository(route.repository)) {
    return errorAnswer(400, "NAME_INVALID", { detail: { name: route.repository } });
  }
  const call = { ...route, request, path, query };
  if (request.method === "GET" || request.method === "HEAD") {
    const answer = read(call, store);
    if (answer) return await answer;
  }
  const { writer } = store;
  if (!writer) return errorAnswer(405, "UNSUPPORTED", { message: "this registry is read-only" });
  return await write(call, { store, writer });
}

/** `undefined` for uploads, which only a registry has that can be written. */
function read(call: RegistryCall, store: RegistryStore): Response | Promise<Response> | undefined {
  switch (call.kind) {
    case "ping":
      return jsonAnswer({});
    case "catalog":
      return listRepositories(call, store);
    case "tags":
      return listTags(call, store);
    case "referrers":
      return listReferrers(call, store);
    case "blob":
      return getBlob(call, store);
    case "manifest":
      return getManifest(call, store);
    default:
      return undefined;
  }
}

function write(
  call: RegistryCall,
  stores: { store: RegistryStore; writer: RegistryWriter },
): Promise<Response> {
  const { writer } = stores;
  switch (call.kind) {
    case "start-upload":
      return startUpload(call, writer);
    case "blob":
      return deleteBlob(call, writer);
    case "manifest":
      return call.request.method === "PUT" ? putManifest(call, stores) : deleteManifest(call, writer);
    default:
      return continueUpload(call, writer);
  }
}

function unauthorized(): Response {
  return errorAnswer(401, "UNAUTHORIZED", {
    message: "authentication required",
    headers: { "WWW-Authenticate": 'Basic realm="docker-image-pusher"' },
  });
}
