import { PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import { readCertificates, readClientCertificate } from "./certificate_files.ts";
import type { ClientCertificate } from "./host_settings.ts";
import type { Environment } from "../../util/environment.ts";

/** What docker's and podman's directories say of a host. */
export interface FoundCertificates {
  /** Certificates to trust. */
  caCerts: readonly string[];
  /** What the host is shown when it asks who we are. */
  clientCertificate: ClientCertificate | undefined;
  /** Where all that is. */
  files: readonly string[];
}

/**
 * Reads what docker and podman keep of a host: authorities to trust (`*.crt`) and who we are (`*.cert`, `*.key`).
 *
 * @param host Host, with port if any.
 * @param env Environment variables, for the home directory.
 * @returns All its authorities, and the first client certificate; docker's directories come first.
 * @throws {PusherError} `CONFIG_INVALID` if a file is damaged, or half of a pair is missing.
 * @see https://docs.docker.com/engine/security/certificates/
 */
export async function readCertificateDirectories(
  host: string,
  env: Environment,
): Promise<FoundCertificates> {
  const caCerts: string[] = [];
  const files: string[] = [];
  let clientCertificate: ClientCertificate | undefined;
  for (const directory of directories(env)) {
    const path = `${directory}/${host}`;
    const names = await fileNames(path);
    for (const name of names.filter((name) => name.endsWith(".crt"))) {
      caCerts.push(await readCertificates(`${path}/${name}`));
      files.push(`${path}/${name}`);
    }
    const pair = clientCertificate ? undefined : pairIn(path, names);
    if (!pair) continue;
    clientCertificate = await readClientCertificate(pair.cert, pair.key);
    files.push(pair.cert, pair.key);
  }
  return { caCerts, clientCertificate, files };
}

function directories(env: Environment): string[] {
  const home = env("HOME") || env("USERPROFILE");
  const config = env("XDG_CONFIG_HOME") || (home && `${home}/.config`);
  return [
    ...(home ? [`${home}/.docker/certs.d`] : []),
    ...(config ? [`${config}/docker/certs.d`] : []),
    "/etc/docker/certs.d",
    ...(config ? [`${config}/containers/certs.d`] : []),
    "/etc/containers/certs.d",
  ];
}

function pairIn(path: string, names: readonly string[]): { cert: string; key: string } | undefined {
  const pairs = new Set(
    names.filter((name) => /\.(?:cert|key)$/.test(name)).map((name) => name.replace(/\.[^.]+$/, "")),
  );
  const [first] = pairs;
  if (first === undefined) return undefined;
  for (const end of [".cert", ".key"]) {
    if (!names.includes(`${first}${end}`)) throw unpaired(`${path}/${first}`, end);
  }
  return { cert: `${path}/${first}.cert`, key: `${path}/${first}.key` };
}

/** None where there is no such directory, and where only root may look: then it is not meant for us. */
async function fileNames(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(path)) if (!isDirectory) names.push(name);
  } catch {
    return [];
  }
  return names.sort();
}

function unpaired(stem: string, missing: string): PusherError {
  return new PusherError(
    "CONFIG_INVALID",
    `Cannot use the client certificate "${printable(stem)}": its ${missing} file is missing`,
    {
      detail: { path: `${stem}${missing}` },
      hint: "Put the certificate (.cert) and its key (.key) side by side, or remove the other.",
    },
  );
}
