import { PusherError } from "../errors.ts";
import type { RegistryRequest } from "./registry_request.ts";
import { distrust } from "./connection/trusted_url.ts";

/**
 * Where the next request of an upload goes. The Location is used as it is, since its query can hold the session's
 * state. Two kinds of damage that reverse proxies do are mended: a lost `https` and a lost port of the registry's own host.
 *
 * @param response An answer of the upload.
 * @param request What was asked.
 * @param registryUrl Base URL of the registry.
 * @returns The URL, or `undefined` if the answer names none.
 * @throws {PusherError} `REGISTRY_UNSUPPORTED` if it must not be followed.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 */
export function uploadLocation(
  response: Response,
  request: RegistryRequest,
  registryUrl: URL,
): URL | undefined {
  const header = response.headers.get("location");
  if (header === null) return undefined;
  const url = URL.canParse(header, request.url) ? new URL(header, request.url) : undefined;
  if (url?.hostname === registryUrl.hostname) {
    if (url.protocol === "http:" && registryUrl.protocol === "https:") {
      url.protocol = "https:";
      url.port = registryUrl.port;
    }
    if (url.port === "" && url.protocol === registryUrl.protocol) url.port = registryUrl.port;
  }
  const reason = url ? distrust(url, registryUrl) : "it is not a URL";
  if (url && !reason) return url;
  throw new PusherError(
    "REGISTRY_UNSUPPORTED",
    `Cannot upload to "${registryUrl.host}": its upload location cannot be trusted, as ${reason}`,
    {
      detail: {
        registry: registryUrl.host,
        request: `${request.method} ${request.url.pathname}`,
      },
      hint: "Ask the registry's operator to check its external URL; --debug shows each request.",
    },
  );
}

/**
 * Adds the digest that ends an upload, leaving the rest of the URL as the registry wrote it.
 *
 * @param location Newest location of the session.
 * @param digest Digest of the whole blob.
 * @returns The URL to PUT to.
 */
export function withDigest(location: URL, digest: string): URL {
  const url = new URL(location);
  const separator = url.search === "" || url.search.endsWith("&") ? "" : "&";
  url.search += `${separator}digest=${encodeURIComponent(digest)}`;
  return url;
}
