/** A certificate that says who we are, with its key. */
export interface ClientCertificate {
  /** The certificate, and those between it and its authority, in PEM. */
  cert: string;
  /** Its private key in PEM. */
  key: string;
}

/** How a host is to be connected to, beyond what its name says. */
export interface HostSettings {
  /**
   * Speak HTTP without TLS. Registries on this machine are tried that way by themselves.
   *
   * @default {false}
   */
  plainHttp?: boolean | undefined;
  /**
   * Take any certificate, whoever signed it, whatever host it is for, and even if it has expired.
   *
   * @default {false}
   */
  insecureSkipTlsVerify?: boolean | undefined;
  /** Certificates in PEM to trust beside those of this machine and of Mozilla: of authorities, or the host's own. */
  caCerts?: readonly string[] | undefined;
  /** What the host is shown when it asks who we are. */
  clientCertificate?: ClientCertificate | undefined;
}

/**
 * Whether settings only make sense for a host that speaks TLS.
 *
 * @param settings How to connect.
 * @returns Whether they name a certificate, or say to take any.
 */
export function expectsTls(settings: HostSettings): boolean {
  const { insecureSkipTlsVerify = false, caCerts = [], clientCertificate } = settings;
  return insecureSkipTlsVerify || caCerts.length > 0 || clientCertificate !== undefined;
}
