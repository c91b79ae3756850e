import type { NetworkOptions } from "../../commands/network_options.ts";

/** Options on how registries are connected to, as the parser names them. */
export interface NetworkFlags {
  /** Whether to use HTTP without TLS. */
  plainHttp?: boolean | undefined;
  /** Whether to take any certificate. */
  insecureSkipTlsVerify?: boolean | undefined;
  /** Files of certificates to trust. */
  caFile?: string[] | undefined;
  /** File of the certificate to show. */
  certFile?: string | undefined;
  /** File of its key. */
  keyFile?: string | undefined;
}

/**
 * The options on connections, as commands take them.
 *
 * @param flags All options.
 * @returns Those on connections.
 */
export function networkOptions(flags: NetworkFlags): NetworkOptions {
  const { plainHttp, insecureSkipTlsVerify, caFile, certFile, keyFile } = flags;
  return { plainHttp, insecureSkipTlsVerify, caFiles: caFile, certFile, keyFile };
}
