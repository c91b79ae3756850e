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
export interface Route {
  /** What it is about. */
  kind: RequestKind;
  /** The repository, empty where none is concerned. */
  repository: string;
  /** Digest of a blob, digest or tag of a manifest, or the session of an upload; empty where none is concerned. */
  name: string;
}

type Kinds = Record<string, RequestKind>;

// GHCR's upload paths are singular and Google's lie outside /v2: a client must use a Location as it is.
const ROUTES: readonly [path: RegExp, kinds: Kinds][] = [
  [/^\/v2\/?$/, { GET: "ping", HEAD: "ping" }],
  [/^\/(?:token|v2\/token|v2\/auth|jwt\/auth|service\/token|oauth2\/token)$/, {
    GET: "token",
    POST: "token",
  }],
  [/^\/v2\/_catalog$/, { GET: "catalog" }],
  [/^\/v2\/(.+)\/tags\/list$/, { GET: "list-tags" }],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, { GET: "referrers" }],
  [/^\/v2\/(.+)\/blobs\/uploads\/?$/, { POST: "start-upload" }],
  [
    /^\/v2\/(.+)\/blobs\/uploads?\/([^/]+)$/,
    { PATCH: "append", PUT: "commit", GET: "status", DELETE: "cancel" },
  ],
  [
    /^\/artifacts-uploads\/(.+)\/([^/]+)$/,
    { PATCH: "append", PUT: "commit", GET: "status", DELETE: "cancel" },
  ],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, { HEAD: "head-blob", GET: "get-blob", DELETE: "delete-blob" }],
  [
    /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    { HEAD: "head-manifest", GET: "get-manifest", PUT: "put-manifest", DELETE: "delete-manifest" },
  ],
];

/**
 * Understands a request.
 *
 * @param request The request.
 * @returns What it is about; `other` if it is none of the spec's.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
 */
export function parseRoute(request: HttpRequest): Route {
  for (const [path, kinds] of ROUTES) {
    const match = path.exec(request.path);
    if (!match) continue;
    const kind = kinds[request.method] ?? "other";
    return {
      kind: kind === "start-upload" && request.query.has("mount") ? "mount" : kind,
      repository: decode(match[1]),
      name: decode(match[2]),
    };
  }
  return { kind: "other", repository: "", name: "" };
}

function decode(text = ""): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
