/** What a request is about, in the words of the distribution spec. */
export type RouteKind =
  | "ping"
  | "catalog"
  | "tags"
  | "referrers"
  | "start-upload"
  | "upload"
  | "blob"
  | "manifest";

/** A request, understood. */
export interface RegistryRoute {
  /** What it is about. */
  kind: RouteKind;
  /** The repository, unchecked; empty where none is concerned. */
  repository: string;
  /** Digest of a blob, tag or digest of a manifest, or an upload, unchecked; empty where none is concerned. */
  name: string;
}

/** A request together with what it is about. */
export interface RegistryCall extends RegistryRoute {
  /** The request. */
  request: Request;
  /** Its path. */
  path: string;
  /** Its query. */
  query: URLSearchParams;
}

/** The most specific path first: a repository may be called `blobs`. */
const ROUTES: readonly [path: RegExp, kind: RouteKind, methods: readonly string[]][] = [
  [/^\/v2\/?$/, "ping", ["GET", "HEAD"]],
  [/^\/v2\/_catalog$/, "catalog", ["GET", "HEAD"]],
  [/^\/v2\/(.+)\/tags\/list$/, "tags", ["GET", "HEAD"]],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, "referrers", ["GET", "HEAD"]],
  [/^\/v2\/(.+)\/blobs\/uploads\/?$/, "start-upload", ["POST"]],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, "upload", ["GET", "HEAD", "PATCH", "PUT", "DELETE"]],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, "blob", ["GET", "HEAD", "DELETE"]],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, "manifest", ["GET", "HEAD", "PUT", "DELETE"]],
];

/**
 * Understands a request.
 *
 * @param method Its method.
 * @param path Its path, percent-encoded.
 * @returns What it is about; `undefined` if it is none of the spec's.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
 *
 * @example Usage
 * ```ts
 * import { parseRoute } from "./registry_route.ts";
 * import assert from "node:assert/strict";
 *
 * const route = parseRoute("GET", "/v2/team/app/manifests/1.0");
 * assert.deepEqual(route, { kind: "manifest", repository: "team/app", name: "1.0" });
 * ```
 */
export function parseRoute(method: string, path: string): RegistryRoute | undefined {
  for (const [pattern, kind, methods] of ROUTES) {
    const match = pattern.exec(path);
    if (match && methods.includes(method)) {
      return { kind, repository: decode(match[1]), name: decode(match[2]) };
    }
  }
  return undefined;
}

function decode(text = ""): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
