import { DOCKER_HUB } from "../spec/reference.ts";

/** A registry, and what in it the credentials are for. */
export interface CredentialTarget {
  /** Canonical host, with port if any. */
  registry: string;
  /** Path within it; nothing in particular when absent. */
  repository?: string | undefined;
}

const HUB_HOSTS: ReadonlySet<string> = new Set(["index.docker.io", "registry-1.docker.io"]);

/** The name that docker and its helpers have for Docker Hub. */
const HUB_SERVER = "https://index.docker.io/v1/";

/**
 * What docker and its credential helpers call a registry.
 *
 * @param registry Canonical host.
 * @returns The host itself, but for Docker Hub.
 *
 * @example Usage
 * ```ts
 * import { serverOf } from "./auth_keys.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(serverOf("localhost:5000"), "localhost:5000");
 * assert.equal(serverOf("docker.io"), "https://index.docker.io/v1/");
 * ```
 */
export function serverOf(registry: string): string {
  return registry === DOCKER_HUB ? HUB_SERVER : registry;
}

/**
 * Picks the keys of a file that speak of a target: its host or URL, or a namespace that it is in.
 *
 * @param keys Hosts and URLs as docker writes them, namespaces such as `quay.io/team` as podman does.
 * @param target A repository; without one only keys for the whole host count.
 * @returns The keys, the most particular first.
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export function matchingKeys(keys: Iterable<string>, target: CredentialTarget): string[] {
  const server = serverOf(target.registry);
  const matches = [...keys].flatMap((key) => {
    const namespace = matchingNamespace(key, target);
    return namespace === undefined ? [] : [{ key, rank: 2 * namespace.length + Number(key === server) }];
  });
  return matches.sort((a, b) => b.rank - a.rank).map(({ key }) => key);
}

/** The namespace that a key is for, empty for a whole host; `undefined` if the target is not in it. */
function matchingNamespace(key: string, { registry, repository = "" }: CredentialTarget): string | undefined {
  const name = key.replace(/^https?:\/\//i, "");
  const [host = "", ...path] = name.replace(/\/+$/, "").split("/");
  // The path of a URL is that of an API.
  const namespace = name === key ? path.join("/") : "";
  if (canonicalHost(host) !== canonicalHost(registry)) return undefined;
  return namespace === "" || `${repository}/`.startsWith(`${namespace}/`) ? namespace : undefined;
}

function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return HUB_HOSTS.has(lower) ? DOCKER_HUB : lower;
}
