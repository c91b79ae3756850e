import { PusherError } from "../errors.ts";
import { readCertificateDirectories } from "../registry/certificate_directories.ts";
import { readCertificates, readClientCertificate } from "../registry/certificate_files.ts";
import type { HostSettings } from "../registry/host_settings.ts";
import { DOCKER_HUB } from "../spec/reference.ts";
import type { CommandContext } from "./command_context.ts";

/** How the user wants registries to be connected to. */
export interface NetworkOptions {
  /** Speak HTTP without TLS. Registries on this machine are tried that way by themselves. */
  plainHttp?: boolean | undefined;
  /** Take any certificate. */
  insecureSkipTlsVerify?: boolean | undefined;
  /** Files of certificates to trust, for all hosts. */
  caFiles?: readonly string[] | undefined;
  /** File of the certificate that the registry is shown. */
  certFile?: string | undefined;
  /** File of its key. */
  keyFile?: string | undefined;
}

/**
 * Finds out how to connect to a registry and to the hosts it points at. Only the registry's own host is spoken to
 * without TLS or without a check of its certificate, and only it is shown a certificate of ours; all get docker's and
 * podman's certificates for them.
 *
 * @param registry The registry as the user named it.
 * @param options What the user said.
 * @param context Environment.
 * @returns Says how to connect to a host.
 * @throws {PusherError} `USAGE` if half of the client certificate is missing. What is returned throws
 * `CONFIG_INVALID` if a file is not right.
 */
export function hostSettings(
  registry: string,
  options: NetworkOptions,
  { env }: Pick<CommandContext, "env">,
): (host: string) => Promise<HostSettings> {
  const { plainHttp, insecureSkipTlsVerify, caFiles = [], certFile, keyFile } = options;
  if (!certFile !== !keyFile) throw unpaired(certFile ? "--key-file" : "--cert-file");
  return async (host) => {
    const found = await readCertificateDirectories(host, env);
    const given = await Promise.all(caFiles.map(readCertificates));
    const caCerts = [...given, ...found.caCerts ?? []];
    if (hostname(host) !== hostname(registry)) return { ...found, caCerts };
    const clientCertificate = certFile && keyFile
      ? await readClientCertificate(certFile, keyFile)
      : found.clientCertificate;
    return { plainHttp, insecureSkipTlsVerify, caCerts, clientCertificate };
  };
}

function hostname(host: string): string {
  return new URL(`https://${host === DOCKER_HUB ? "registry-1.docker.io" : host}/`).hostname;
}

function unpaired(option: string): PusherError {
  return new PusherError("USAGE", `Cannot use half of a client certificate: ${option} is missing`, {
    detail: { option },
    hint: "Give both --cert-file and --key-file.",
  });
}
