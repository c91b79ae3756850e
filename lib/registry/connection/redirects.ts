import { PusherError } from "../../errors.ts";
import { discard, type Exchange, redactUrl, type RegistryRequest } from "../registry_request.ts";
import { distrust } from "./trusted_url.ts";

/** Longest chain of redirects followed. */
const MAX_HOPS = 10;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Follows redirects of reads by hand: blobs often live in object storage on another host, which must not see the
 * registry's credentials, and a registry must not send us into a private network. Writes are not redirected.
 *
 * @param exchange Sends one request; it signs what goes to the registry only.
 * @param registryUrl Base URL of the registry.
 * @returns The same exchange, following redirects.
 */
export function followRedirects(exchange: Exchange, registryUrl: URL): Exchange {
  return async (request) => {
    let url = request.url;
    for (let hops = 0; hops <= MAX_HOPS; hops++) {
      const response = await exchange({ ...request, url });
      const location = response.headers.get("location");
      const isRead = request.method === "GET" || request.method === "HEAD";
      if (!isRead || !REDIRECT_STATUSES.has(response.status) || !location) return response;
      await discard(response);
      const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
      const reason = next ? distrust(next, registryUrl) : "it is not a URL";
      if (!next || reason) throw refused(request, `redirects elsewhere, but ${reason}`);
      url = next;
    }
    throw refused(request, `redirects more than ${MAX_HOPS} times`);
  };
}

function refused(request: RegistryRequest, reason: string): PusherError {
  const { host } = request.url;
  return new PusherError(
    "REGISTRY_UNSUPPORTED",
    `Cannot read ${redactUrl(request.url)}: the registry ${reason}`,
    {
      detail: {
        registry: host,
        request: `${request.method} ${request.url.pathname}`,
      },
      hint: "Ask the registry's operator to check its redirects; --debug shows each request.",
    },
  );
}
