import { parseAddress } from "./ip_address.ts";

const CERTIFICATES_REGEXP = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Whether a host's own certificate is among those that are trusted, instead of its authority's. Certificates that
 * `openssl req -x509` makes are both.
 *
 * @param hostname As `URL.hostname` gives it.
 * @param caCerts Certificates in PEM, one text may hold several.
 * @returns Whether one of them is issued for the host.
 */
export async function hasOwnCertificate(hostname: string, caCerts: readonly string[]): Promise<boolean> {
  if (caCerts.length === 0) return false;
  const { X509Certificate } = await import("node:crypto");
  const isAddress = parseAddress(hostname) !== undefined;
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return caCerts.flatMap((text) => text.match(CERTIFICATES_REGEXP) ?? []).some((text) => {
    const certificate = new X509Certificate(text);
    return (isAddress ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
  });
}
