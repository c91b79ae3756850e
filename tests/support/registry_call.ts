import type { TestRegistry } from "./test_registry.ts";

/** An answer with its body read. */
export interface CallAnswer {
  /** HTTP status. */
  status: number;
  /** The headers. */
  headers: Headers;
  /** The body. */
  text: string;
}

/**
 * Sends one request to a test registry, on a connection of its own and without following redirects. (On a connection
 * used before, `fetch` sends a request again by itself if it is cut before the answer, unless the body is a stream.)
 *
 * @param registry Where to.
 * @param request Method and path (or URL), for example `POST /v2/app/blobs/uploads/`.
 * @param init Body and headers.
 * @returns The answer.
 */
export async function callRegistry(
  registry: Pick<TestRegistry, "origin">,
  request: string,
  init: Pick<RequestInit, "body" | "headers"> = {},
): Promise<CallAnswer> {
  const [method = "", path = ""] = request.split(" ");
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const url = new URL(path, registry.origin);
  const response = await fetch(url, { method, redirect: "manual", client, ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/**
 * Opens an upload.
 *
 * @param registry Where.
 * @param repository The repository.
 * @returns The Location of the session.
 */
export async function openUpload(
  registry: Pick<TestRegistry, "origin">,
  repository: string,
): Promise<string> {
  const { headers } = await callRegistry(registry, `POST /v2/${repository}/blobs/uploads/`);
  return new URL(headers.get("location") ?? "", registry.origin).href;
}
