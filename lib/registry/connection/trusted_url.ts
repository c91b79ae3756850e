// Addresses that only mean something to this machine or its network. IPv6 is public in 2000::/3 alone.
const PRIVATE_IPV4_REGEXP =
  /^(?:0|10|127|169\.254|172\.(?:1[6-9]|2\d|3[01])|192\.(?:168|0\.0)|198\.1[89]|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])|22[4-9]|2[3-5]\d)(?:\.\d+)+$/;
const PRIVATE_IPV6_REGEXP = /^\[(?![23][0-9a-f]{3}:)/;

/**
 * Whether a host is this machine.
 *
 * @param hostname As `URL.hostname` gives it, or as a user writes it.
 * @returns Whether it is `localhost`, `*.localhost`, 127.0.0.0/8 or ::1.
 */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  return host === "localhost" || host.endsWith(".localhost") || /^127(?:\.\d+){3}$/.test(host) ||
    host === "[::1]";
}

/**
 * Whether a host is this machine, or a literal address that is not public: private, link-local, multicast, reserved.
 *
 * @param hostname As `URL.hostname` gives it: the URL parser has made decimal and hexadecimal IPv4 forms plain.
 * @returns Whether it is one.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
export function isPrivateHost(hostname: string): boolean {
  return isLoopback(hostname) || PRIVATE_IPV4_REGEXP.test(hostname) || PRIVATE_IPV6_REGEXP.test(hostname);
}

/**
 * Whether a URL that a registry handed out (token realm, upload location, redirect) may be followed. A registry is
 * not trusted to send us elsewhere in the clear, to another user, or into our own network. Names are not looked up:
 * what they lead to may be another thing a moment later, and a proxy may see it differently. Over TLS a host in our
 * network would need a certificate for the name that the registry chose; in the clear the registry cannot be trusted
 * anyway.
 *
 * @param url The URL.
 * @param registry Base URL of the registry it came from.
 * @returns Why not, or `undefined` if it may.
 * @see https://github.com/advisories/GHSA-xf85-363p-868w
 */
export function distrust(url: URL, registry: URL): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") return `its scheme is ${url.protocol}`;
  if (url.username || url.password) return "it carries a user name";
  if (url.protocol === "http:" && registry.protocol === "https:") return "it leaves TLS";
  const isElsewhere = url.hostname !== registry.hostname;
  if (isElsewhere && isPrivateHost(url.hostname) && !isPrivateHost(registry.hostname)) {
    return "it points into a private network";
  }
  return undefined;
}
