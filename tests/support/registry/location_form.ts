import { withHeader } from "./answer_faults.ts";
import type { Behaviour, RegistryExchange } from "./fault.ts";

/** How a Location is written. Registries and the proxies before them do all of these. */
export type LocationForm =
  /** With scheme and host. */
  | "absolute"
  /** A path relative to that of the request. */
  | "path-relative"
  /** On `localhost` instead of `127.0.0.1`: another host, though the same server. */
  | "other-host"
  /** With `http` where the request came by `https`. */
  | "http"
  /** Without the port. */
  | "lost-port"
  /** With a query. */
  | "query"
  /** With an empty query: it ends in `?`. */
  | "question-mark"
  /** With a query that ends in `&`. */
  | "ampersand"
  /** In GHCR's `/blobs/upload/`. */
  | "singular-path"
  /** Outside of `/v2`, with a very long token, as Google's. */
  | "outside-v2";

const FORMS: Record<LocationForm, (url: URL, exchange: RegistryExchange) => string> = {
  "absolute": (url) => url.href,
  "path-relative": (url, { request }) => {
    const base = request.path.slice(0, request.path.lastIndexOf("/") + 1);
    return url.pathname.startsWith(base) ? url.pathname.slice(base.length) + url.search : url.href;
  },
  "other-host": (url) => url.href.replace("//127.0.0.1", "//localhost"),
  "http": (url) => url.href.replace("https://", "http://"),
  "lost-port": (url) => url.href.replace(`:${url.port}`, ""),
  "query": (url) => relative(url, "_nouploadcache=false&tag=a%2Fb+c"),
  "question-mark": (url) => `${relative(url)}?`,
  "ampersand": (url) => `${relative(url, "a=1")}&`,
  "singular-path": (url) => relative(url).replace("/blobs/uploads/", "/blobs/upload/"),
  "outside-v2": (url) =>
    relative(url, `upload_token=${"AF2x-_".repeat(100)}`)
      .replace(/^\/v2\/(.+)\/blobs\/uploads\//, "/artifacts-uploads/$1/"),
};

/**
 * Writes Locations in some form.
 *
 * @param form Which.
 * @returns The behaviour.
 */
export function writeLocation(form: LocationForm): Behaviour {
  return withHeader("Location", (path, exchange) => {
    if (path === undefined) return undefined;
    return FORMS[form](new URL(path, exchange.origin), exchange);
  });
}

function relative(url: URL, query = ""): string {
  const search = url.search === "" && query !== "" ? `?${query}` : query === "" ? "" : `&${query}`;
  return url.pathname + url.search + search;
}
