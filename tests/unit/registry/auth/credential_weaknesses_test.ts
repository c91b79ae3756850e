/**
 * Published weaknesses of registry clients, as far as they give credentials away. Each is shown to work on a client that
 * does what it is told, and not to work on ours.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Authorizer } from "../../../../lib/registry/auth/authorizer.ts";
import { followRedirects } from "../../../../lib/registry/connection/redirects.ts";
import type { Exchange, RegistryRequest } from "../../../../lib/registry/registry_request.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { request } from "../stub_exchange.ts";

const REGISTRY = new URL("https://r.example/");
const CREDENTIALS = { username: "alice", password: "pw" };
const BASIC = `Basic ${btoa("alice:pw")}`;

/** What some host answers. */
type Answer = (request: RegistryRequest) => Response;

/** Hosts on a network, and where credentials went. */
class Network {
  readonly #hosts: Record<string, Answer>;
  /** Origins that saw a password or a token. */
  readonly trusted = new Set<string>();
  /** Origins that were asked anything. */
  readonly asked = new Set<string>();

  constructor(hosts: Record<string, Answer>) {
    this.#hosts = hosts;
  }

  readonly exchange: Exchange = (request) => {
    const { origin } = request.url;
    this.asked.add(origin);
    if (request.headers?.["authorization"]) this.trusted.add(origin);
    return Promise.resolve(this.#hosts[origin]?.(request) ?? Response.json({ token: "t" }));
  };
}

/** Believes every realm and follows every redirect with all its headers. */
async function naiveGet(network: Network, url: URL, headers: Record<string, string> = {}): Promise<Response> {
  const response = await network.exchange({ ...request("GET", url.href), headers });
  const location = response.headers.get("location");
  if (location) return await naiveGet(network, new URL(location, url), headers);
  const realm = /realm="([^"]*)"/.exec(response.headers.get("www-authenticate") ?? "")?.[1];
  if (response.status !== 401 || realm === undefined || headers["authorization"]) return response;
  const answer = await naiveGet(network, new URL(realm, url), { authorization: BASIC });
  const { token } = await answer.json();
  return await naiveGet(network, url, { authorization: `Bearer ${token}` });
}

async function ourGet(network: Network, url: URL): Promise<Response> {
  const { exchange } = network;
  const clock = new FakeClock();
  const authorizer = new Authorizer({
    registry: REGISTRY.host,
    baseUrl: REGISTRY,
    credentials: CREDENTIALS,
    exchange,
    clock,
  });
  const send = followRedirects((request) => authorizer.send(request), REGISTRY);
  return await send(request("GET", url.href, { scopes: ["repository:app:pull"] }));
}

const BLOB = new URL("/v2/app/blobs/sha256:1", REGISTRY);

function challenge(realm: string): Answer {
  return ({ headers }) => {
    if (headers?.["authorization"]?.startsWith("Bearer ")) return new Response("blob");
    return new Response(null, { status: 401, headers: { "www-authenticate": `Bearer realm="${realm}"` } });
  };
}

function redirect(location: string, status = 307): Answer {
  return ({ url, headers }) => {
    const isSigned = headers?.["authorization"] !== undefined;
    if (url.origin === REGISTRY.origin && !isSigned) {
      return challenge("https://r.example/token")(request("GET", url.href));
    }
    return url.pathname === "/token"
      ? Response.json({ token: "t" })
      : new Response(null, { status, headers: { location } });
  };
}

/** Asserts that the naive client gives something to an origin, and ours does not. */
async function assertGuarded(
  hosts: Record<string, Answer>,
  thief: string,
  isEvenAsked = false,
): Promise<void> {
  const naive = new Network(hosts);
  await naiveGet(naive, BLOB);
  assert.ok(naive.trusted.has(thief), "the weakness does not show on the naive client");
  const ours = new Network(hosts);
  await ourGet(ours, BLOB).catch(() => {});
  assert.ok(!ours.trusted.has(thief));
  assert.equal(ours.asked.has(thief), isEvenAsked);
}

const REALMS: readonly [string, string][] = [
  ["GHSA-xf85-363p-868w, CVE-2026-48978: a realm that leaves TLS", "http://r.example/token"],
  ["GHSA-xf85-363p-868w: a realm without TLS elsewhere", "http://auth.example/token"],
  [
    "GHSA-3p65-76g6-3w7r, CVE-2026-33540: a realm at the metadata service of a cloud",
    "https://169.254.169.254/t",
  ],
  ["GHSA-x2f5-332j-9xwq, CVE-2026-33990: a realm on this machine", "https://localhost:8443/token"],
  ["go-containerregistry#2193 and others: a realm in a private network", "https://10.0.0.1/token"],
  ["go-containerregistry#2284: a realm at 0.0.0.0", "https://0.0.0.0/token"],
  ["go-containerregistry#2193 and others: a private address in decimal", "https://2130706433/token"],
  ["go-containerregistry#2193 and others: a private address in hexadecimal", "https://0x7f.1/token"],
  ["go-containerregistry#2193 and others: a private address within IPv6", "https://[::ffff:10.0.0.1]/token"],
  [
    "go-containerregistry#2193 and others: localhost with a dot and in capitals",
    "https://LOCALHOST.:8443/token",
  ],
];

for (const [weakness, realm] of REALMS) {
  Deno.test(`${weakness} gets no password`, async () => {
    await assertGuarded({ [REGISTRY.origin]: challenge(realm) }, new URL(realm).origin);
  });
}

Deno.test("GHSA-xf85-363p-868w: a token service that redirects does not take the password along", async () => {
  const hosts = {
    [REGISTRY.origin]: challenge("https://auth.example/token"),
    "https://auth.example": () =>
      new Response(null, { status: 307, headers: { location: "https://evil.example/token" } }),
  };
  await assertGuarded(hosts, "https://evil.example");
});

const REDIRECTS: readonly [string, string, boolean][] = [
  ["CVE-2022-23538, CVE-2025-21620: storage on another host", "https://storage.example/blob", true],
  ["GHSA-vh4v-2xq2-g5cg: another port of the same host", "https://r.example:8443/blob", true],
  ["GHSA-vh4v-2xq2-g5cg: the same host without TLS", "http://r.example/blob", false],
  ["CVE-2026-50151: a host that only begins like ours", "https://r.example.evil.example/blob", true],
];

for (const [weakness, location, isEvenAsked] of REDIRECTS) {
  Deno.test(`${weakness} is sent no token`, async () => {
    const thief = new URL(location).origin;
    const hosts = { [REGISTRY.origin]: redirect(location), [thief]: () => new Response("blob") };
    await assertGuarded(hosts, thief, isEvenAsked);
  });
}
