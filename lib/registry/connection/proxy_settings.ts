import { PusherError } from "../../errors.ts";
import type { Environment } from "../../util/environment.ts";
import { isInBlock, parseAddress, parseAddressBlock } from "./ip_address.ts";
import { isLoopback } from "./trusted_url.ts";

/** Variables that name proxies, and hosts to reach without one: those of upper case follow by the same names. */
export const PROXY_VARIABLES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] as const;

const PROXY_SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "socks5:", "socks5h:"]);

/**
 * The proxy that leads to a URL, by `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in lower case first.
 * `NO_PROXY` lists hosts, `.suffixes`, addresses, blocks of them, each with a port if need be, or `*`. What is on this
 * machine is never asked for through a proxy.
 *
 * @param url Where a request goes.
 * @param env Environment variables.
 * @returns The proxy's URL, with its user and password if any; `undefined` for none.
 * @throws {PusherError} `USAGE` if the variable holds no URL of a proxy.
 * @see https://www.gnu.org/software/wget/manual/html_node/Proxies.html
 *
 * @example Usage
 * ```ts
 * import { proxyFor } from "./proxy_settings.ts";
 * import assert from "node:assert/strict";
 *
 * const variables: Record<string, string> = { https_proxy: "proxy.example:3128", no_proxy: "10.0.0.0/8" };
 * const env = (name: string) => variables[name];
 * assert.equal(proxyFor(new URL("https://r.example/v2/"), env)?.href, "http://proxy.example:3128/");
 * assert.equal(proxyFor(new URL("https://10.1.2.3/v2/"), env), undefined);
 * ```
 */
export function proxyFor(url: URL, env: Environment): URL | undefined {
  if (isLoopback(url.hostname)) return undefined;
  const scheme = url.protocol === "https:" ? "https_proxy" : "http_proxy";
  const [name, value] = variable(scheme, env) ?? variable("all_proxy", env) ?? [];
  if (name === undefined || value === undefined) return undefined;
  const [, exceptions = ""] = variable("no_proxy", env) ?? [];
  if (exceptions.split(/[\s,]+/).some((rule) => matches(url, rule))) return undefined;
  const text = value.includes("://") ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy?.hostname && PROXY_SCHEMES.has(proxy.protocol)) return proxy;
  // The value stays out of it: it may hold a password.
  throw new PusherError("USAGE", `Cannot use the proxy that ${name} names: it is not a URL of a proxy`, {
    detail: { option: name },
    hint:
      `Write ${name} like http://proxy.example.com:3128; https, socks5 and socks5h are the other schemes.`,
  });
}

function variable(name: string, env: Environment): [string, string] | undefined {
  for (const each of [name, name.toUpperCase()]) {
    const value = env(each)?.trim();
    if (value) return [each, value];
  }
  return undefined;
}

function matches(url: URL, rule: string): boolean {
  if (rule === "*") return true;
  const block = parseAddressBlock(rule);
  const address = parseAddress(url.hostname);
  if (block) return address !== undefined && isInBlock(address, block);
  const [host = "", port] = parseAddress(rule) ? [rule] : rule.toLowerCase().split(/:(?=\d+$)/);
  if (host === "" || port !== undefined && port !== portOf(url)) return false;
  const ruleAddress = parseAddress(host);
  if (ruleAddress) return address !== undefined && isInBlock(address, whole(ruleAddress));
  if (address) return false;
  const name = url.hostname.replace(/\.$/, "");
  const suffix = host.replace(/^\*(?=\.)/, "");
  return suffix.startsWith(".") ? name.endsWith(suffix) : name === suffix || name.endsWith(`.${suffix}`);
}

function whole(address: Uint8Array): { address: Uint8Array; prefixBits: number } {
  return { address, prefixBits: address.length * 8 };
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}
