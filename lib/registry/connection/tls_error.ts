import { PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import type { HostSettings } from "./host_settings.ts";

/** What went wrong between a host and us. */
export interface TlsFailure {
  /** Host, with port if any. */
  registry: string;
  /** Method and path. */
  request: string;
  /** What the TLS library said. */
  text: string;
  /**
   * How the host was connected to.
   *
   * @default {as its name says}
   */
  settings?: HostSettings | undefined;
}

/** What it means, and what to do about it. */
interface Explanation {
  reason: string;
  hint: string;
}

const TLS_REGEXP =
  /certificate|CaUsedAsEndEntity|InvalidContentType|tls handshake|HandshakeFailure|received fatal alert/i;
const UNCHECKED = "--insecure-skip-tls-verify goes on without a check.";

/**
 * Explains a failure of TLS.
 *
 * @param failure What went wrong.
 * @returns The error, with the flag or file that mends it; `undefined` if the failure is of another kind.
 */
export function tlsError(
  { registry, request, text, settings = {} }: TlsFailure,
): PusherError<"TLS"> | undefined {
  if (!TLS_REGEXP.test(text)) return undefined;
  const { reason, hint } = explain(text, registry, settings);
  return new PusherError("TLS", `Cannot reach "${registry}": ${reason}`, {
    detail: { registry, request },
    hint,
    cause: new Error(text),
  });
}

function explain(text: string, host: string, settings: HostSettings): Explanation {
  const directory = `/etc/docker/certs.d/${host}/`;
  if (/InvalidContentType/.test(text)) {
    return {
      reason: "it does not speak TLS",
      hint: "If this registry is meant to be without TLS, add --plain-http.",
    };
  }
  if (/CaUsedAsEndEntity|self.?signed/i.test(text)) {
    return {
      reason: "its certificate is signed by itself",
      hint: `If you trust it, give it with --ca-file, or put it there as ${directory}ca.crt; ${UNCHECKED}`,
    };
  }
  if (/UnknownIssuer|unable to (?:verify|get)/i.test(text)) {
    return {
      reason: "its certificate is signed by an unknown authority",
      hint:
        `Give the authority's certificate with --ca-file, or put it there as ${directory}ca.crt; ${UNCHECKED}`,
    };
  }
  if (/expired/i.test(text)) {
    return {
      reason: `its certificate has expired${when(text)}`,
      hint: `Have it renewed, and check this machine's clock; ${UNCHECKED}`,
    };
  }
  if (/not valid yet|NotValidYet|not yet valid/i.test(text)) {
    return {
      reason: `its certificate is not valid yet${when(text)}`,
      hint: `Check this machine's clock; ${UNCHECKED}`,
    };
  }
  if (/not valid for name|NotValidForName|altnames/i.test(text)) {
    return {
      reason: `its certificate is for ${otherNames(text)}`,
      hint: `Use a name that the certificate is for, or have it issued for this one; ${UNCHECKED}`,
    };
  }
  if (/received fatal alert|alert number|SSL certificate/i.test(text)) {
    const isRefused = settings.clientCertificate !== undefined || /certificate error/.test(text);
    return isRefused
      ? {
        reason: `it refuses our client certificate or our TLS (${printable(text, 200)})`,
        hint: `Check --cert-file and --key-file, and the .cert and .key files of ${directory}.`,
      }
      : {
        reason: `it asks for a client certificate, or refuses our TLS (${printable(text, 200)})`,
        hint: `Give a client certificate with --cert-file and --key-file, or put both into ${directory}.`,
      };
  }
  return {
    reason: `the TLS handshake failed (${printable(text, 200)})`,
    hint: `Check that the registry speaks TLS 1.2 or newer, and its certificate; ${UNCHECKED}`,
  };
}

function when(text: string): string {
  const seconds = /(?:after|before) (\d+)/.exec(text)?.[1];
  return seconds ? `: the limit is ${new Date(Number(seconds) * 1000).toISOString().slice(0, 10)}` : "";
}

function otherNames(text: string): string {
  const names = [...text.matchAll(/(?:DnsName\("([^"]+)"\)|IpAddress\(([^)]+)\))/g)].map(([, name, ip]) =>
    name ?? ip
  );
  return names.length > 0 ? printable(names.join(", "), 200) : "another host";
}
