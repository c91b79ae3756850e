import {
  parseRoute as parseSpecRoute,
  type RegistryRoute,
  type RouteKind,
} from "../../../lib/server/registry_route.ts";
import type { HttpRequest } from "./http_message.ts";

/** What a request is about, in the words of the distribution spec. */
export type RequestKind =
  | "ping"
  | "token"
  | "catalog"
  | "head-blob"
  | "get-blob"
  | "delete-blob"
  | "start-upload"
  | "mount"
  | "append"
  | "commit"
  | "status"
  | "cancel"
  | "head-manifest"
  | "get-manifest"
  | "put-manifest"
  | "delete-manifest"
  | "list-tags"
  | "referrers"
  | "other";

/** A request, understood. */
export interface Route extends Omit<RegistryRoute, "kind"> {
  /** What it is about. */
  kind: RequestKind;
  /** The path by which the spec knows it. */
  path: string;
}

const TOKEN_REGEXP = /^\/(?:token|v2\/token|v2\/auth|jwt\/auth|service\/token|oauth2\/token)$/;

/** GHCR's upload paths are singular and Google's lie outside /v2: a client must use a Location as it is. */
const ODD_UPLOAD_REGEXP = /^\/(?:v2\/(.+)\/blobs\/upload|artifacts-uploads\/(.+))\/([^/]+)$/;

const KINDS: Record<RouteKind, RequestKind | Record<string, RequestKind>> = {
  "ping": "ping",
  "catalog": "catalog",
  "tags": "list-tags",
  "referrers": "referrers",
  "start-upload": "start-upload",
  "upload": { GET: "status", HEAD: "status", PATCH: "append", PUT: "commit", DELETE: "cancel" },
  "blob": { HEAD: "head-blob", GET: "get-blob", DELETE: "delete-blob" },
  "manifest": { HEAD: "head-manifest", GET: "get-manifest", PUT: "put-manifest", DELETE: "delete-manifest" },
};

/**
 * Understands a request.
 *
 * @param request The request.
 * @returns What it is about; `other` if it is none of the spec's.
 */
export function parseRoute({ method, path: rawPath, query }: HttpRequest): Route {
  const path = rawPath.replace(ODD_UPLOAD_REGEXP, "/v2/$1$2/blobs/uploads/$3");
  if (TOKEN_REGEXP.test(path)) return { kind: "token", repository: "", name: "", path };
  const route = parseSpecRoute(method, path);
  if (!route) return { kind: "other", repository: "", name: "", path };
  const kinds = KINDS[route.kind];
  const kind = typeof kinds === "string" ? kinds : kinds[method] ?? "other";
  const isMount = kind === "start-upload" && query.has("mount");
  return { ...route, path, kind: isMount ? "mount" : kind };
}
