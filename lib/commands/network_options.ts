import { PusherError } from "../errors.ts";
import { readCertificateDirectories } from "../registry/connection/certificate_directories.ts";
import { readCertificates, readClientCertificate } from "../registry/connection/certificate_files.ts";
import type { ClientCertificate, HostSettings } from "../registry/connection/host_settings.ts";
import { DOCKER_HUB } from "../spec/reference.ts";
import type { CommandContext } from "./command_context.ts";

/** Where Docker Hub really is. */
const HUB_HOST = "registry-1.docker.io";

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
 * without TLS, without a check of its certificate or with our certificate because of a flag; all get what the
 * configuration file, docker's and podman's directories say of them.
 *
 * @param registry The registry as the user named it.
 * @param options What the user said.
 * @param context Environment.
 * @returns Says how to connect to a host.
 * It throws `USAGE` if half of a client certificate is missing, `CONFIG_INVALID` if a file is not right.
 */
export function hostSettings(
  registry: string,
  options: NetworkOptions,
  { env, config, onTrace }: Pick<CommandContext, "env" | "config" | "onTrace">,
): (host: string) => Promise<HostSettings> {
  const { plainHttp, insecureSkipTlsVerify, caFiles = [], certFile, keyFile } = options;
  return async (host) => {
    const found = await readCertificateDirectories(host, env);
    const isRegistry = hostname(host) === hostname(registry);
    const configured = (isRegistry ? config?.hostOf(host) : config?.entryOf(host)) ?? {};
    const files = caFiles.length > 0 ? caFiles : config?.hostOf(host).caFiles ?? [];
    for (const file of [...files, ...found.files]) onTrace?.(`certificate for ${host}: ${file}`);
    const pair = isRegistry && (certFile || keyFile) ? { certFile, keyFile } : configured;
    return {
      plainHttp: (isRegistry ? plainHttp : undefined) ?? configured.plainHttp,
      insecureSkipTlsVerify: (isRegistry ? insecureSkipTlsVerify : undefined) ??
        configured.insecureSkipTlsVerify,
      caCerts: [...await Promise.all(files.map(readCertificates)), ...found.caCerts],
      clientCertificate: await clientCertificateOf(pair) ?? found.clientCertificate,
    };
  };
}

async function clientCertificateOf(
  { certFile, keyFile }: Pick<NetworkOptions, "certFile" | "keyFile">,
): Promise<ClientCertificate | undefined> {
  if (!certFile !== !keyFile) throw unpaired(certFile ? "--key-file" : "--cert-file");
  return certFile && keyFile ? await readClientCertificate(certFile, keyFile) : undefined;
}

function hostname(host: string): string {
  return new URL(`https://${host === DOCKER_HUB ? HUB_HOST : host}/`).hostname;
}

function unpaired(option: string): PusherError {
  return new PusherError("USAGE", `Cannot use half of a client certificate: ${option} is missing`, {
    detail: { option },
    hint: "Give both --cert-file and --key-file.",
  });
}
