import { parseRegistry } from "../spec/reference.ts";
import type { RewriteRule } from "../spec/rewrite_reference.ts";
import { type ConfigContent, CONNECTION_DEFAULTS, type HostContent } from "./config_schema.ts";

/** What the configuration file says of a host. Paths are as they have to be opened. */
export interface HostConfig {
  /** Speak HTTP without TLS. */
  plainHttp?: boolean | undefined;
  /** Take any certificate. */
  insecureSkipTlsVerify?: boolean | undefined;
  /** Files of certificates to trust. */
  caFiles?: readonly string[] | undefined;
  /** File of the certificate to show. */
  certFile?: string | undefined;
  /** File of its key. */
  keyFile?: string | undefined;
  /** Size of the parts that large blobs are sent in, in bytes. */
  chunkSizeBytes?: number | undefined;
  /** What large blobs are sent by; what was learned decides when absent. */
  strategy?: "chunked" | "streamed" | "single" | undefined;
  /** Blobs on their way at once. */
  concurrency?: number | undefined;
  /** Where the same images can be read, in this order. */
  mirrors?: readonly { registry: string; prefix: string }[] | undefined;
}

/** A flag's value where the command line has none. */
export interface FlagDefault {
  /** Name of the flag in camel case, for example `limitRate`. */
  name: string;
  /** Its value, or several for a flag that can be repeated. */
  value: boolean | string | number | readonly (boolean | string | number)[];
  /** Where it is, counted from 1. */
  line: number;
}

/** A configuration file. */
export interface Config {
  /** Where it is. */
  readonly path: string;
  /** Values of flags. */
  readonly flags: readonly FlagDefault[];
  /** What is replaced in references. */
  readonly rewrite: readonly RewriteRule[];
  /**
   * What is said of a host: by its own entry, and for the rest by the defaults.
   *
   * @param registry Host, with port if any.
   */
  hostOf(registry: string): HostConfig;
  /**
   * What is said of a host by its own entry: all that holds for hosts that a registry points at.
   *
   * @param host Host, with port if any.
   */
  entryOf(host: string): HostConfig;
}

/**
 * Makes a configuration of what a file holds.
 *
 * @param content Its content, checked.
 * @param path Where it is: other paths in it are relative to that.
 * @param lineOf Finds a setting's line.
 * @returns The configuration.
 */
export function createConfig(
  content: ConfigContent,
  path: string,
  lineOf: (keys: readonly string[]) => number,
): Config {
  const { defaults, hosts, rewrite } = content;
  const { plainHttp, insecureSkipTlsVerify, caFile, certFile, keyFile, concurrency, blobChunk } = defaults;
  const said = { plainHttp, insecureSkipTlsVerify, caFile, certFile, keyFile, concurrency, chunk: blobChunk };
  const general = hostConfig(said, path);
  const special = new Map(
    Object.entries(hosts).map(([name, host]) => [hostKey(name), hostConfig(host, path)]),
  );
  const flags = Object.entries(defaults)
    .filter(([name]) => !CONNECTION_DEFAULTS.has(name))
    .map(([name, value]) => ({
      name,
      value: value as FlagDefault["value"],
      line: lineOf(["defaults", name]),
    }));
  return {
    path,
    flags,
    rewrite,
    hostOf: (registry) => ({ ...general, ...special.get(hostKey(registry)) }),
    entryOf: (host) => special.get(hostKey(host)) ?? {},
  };
}

/**
 * Where a path of a configuration file leads.
 *
 * @param file The path as it is written there.
 * @param configPath Where the configuration file is.
 * @returns The path, relative to the configuration file's directory unless it is absolute.
 */
export function besideConfig(file: string, configPath: string): string {
  const isAbsolute = /^(?:[\\/]|[A-Za-z]:[\\/])/.test(file);
  return isAbsolute ? file : configPath.replace(/[^\\/]*$/, "") + file;
}

function hostConfig(content: Undefinable<HostContent>, path: string): HostConfig {
  const { caFile, certFile, keyFile, chunk, strategy, ...rest } = content;
  const config: HostConfig = {
    ...rest,
    caFiles: caFile?.map((file) => besideConfig(file, path)),
    certFile: certFile && besideConfig(certFile, path),
    keyFile: keyFile && besideConfig(keyFile, path),
    chunkSizeBytes: chunk,
    strategy: strategy === "auto" ? undefined : strategy,
  };
  // What is not said must not hide what is said of all.
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

type Undefinable<T> = { [K in keyof T]?: T[K] | undefined };

/** The port that https has anyway makes no other host. */
function hostKey(name: string): string {
  return parseRegistry(name).registry.toLowerCase().replace(/:443$/, "");
}
