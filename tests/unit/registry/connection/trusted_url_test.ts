import assert from "node:assert/strict";
import { distrust, isLoopback, isPrivateHost } from "../../../../lib/registry/connection/trusted_url.ts";

/** The host of a URL as the URL parser writes it. */
const host = (text: string): string => new URL(`https://${text}/`).hostname;

const LOOPBACK = [
  "localhost",
  "LOCALHOST",
  "localhost.",
  "registry.localhost",
  "a.b.localhost.",
  "127.0.0.1",
  "127.255.255.254",
  "127.1",
  "127.0.0.1.",
  "2130706433",
  "0x7f000001",
  "0x7f.1",
  "0177.0.0.1",
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
];

const PRIVATE = [
  "0.0.0.0",
  "0",
  "10.0.0.1",
  "10.255.255.255",
  "0xa.0.0.1",
  "167772161",
  "100.64.0.1",
  "100.127.255.255",
  "169.254.169.254",
  "0xa9fea9fe",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.8",
  "192.168.0.1",
  "198.18.0.1",
  "198.19.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "[::]",
  "[fc00::1]",
  "[fdff:ffff::1]",
  "[fe80::1]",
  "[febf::1]",
  "[fec0::1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:10.0.0.1]",
  "[::ffff:a9fe:a9fe]",
  "[::ffff:0:127.0.0.1]",
  "[::127.0.0.1]",
  "[::169.254.169.254]",
  "[64:ff9b::169.254.169.254]",
];

const PUBLIC = [
  "registry.example.com",
  "docker.io",
  "localhost.example.com",
  "mylocalhost",
  "8.8.8.8",
  "1.1.1.1",
  "9.255.255.255",
  "11.0.0.1",
  "100.63.255.255",
  "100.128.0.1",
  "126.255.255.255",
  "128.0.0.1",
  "169.253.255.255",
  "172.15.255.255",
  "172.32.0.1",
  "192.167.255.255",
  "192.169.0.1",
  "198.17.255.255",
  "198.20.0.1",
  "223.255.255.255",
  "[2606:4700::1111]",
  "[2001:4860:4860::8888]",
  // Names that only begin like an address.
  "10.example.com",
  "127.0.0.1.example.com",
  "0.pool.example.org",
  "192.168.example.com",
  "fd00.example.com",
];

Deno.test("isLoopback() knows this machine in every spelling", () => {
  for (const name of LOOPBACK) assert.equal(isLoopback(host(name)), true, name);
  for (const name of [...PRIVATE, ...PUBLIC]) assert.equal(isLoopback(host(name)), false, name);
});

Deno.test("isPrivateHost() knows every private range in every spelling, up to its edges", () => {
  for (const name of [...LOOPBACK, ...PRIVATE]) assert.equal(isPrivateHost(host(name)), true, name);
  for (const name of PUBLIC) assert.equal(isPrivateHost(host(name)), false, name);
});

Deno.test("distrust() says why a URL from a registry must not be followed", () => {
  const cases: [string, string, RegExp | undefined][] = [
    // The same host, another public host, another port.
    ["https://r.example/", "https://r.example/v2/x", undefined],
    ["https://r.example/", "https://auth.example/token", undefined],
    ["https://r.example/", "https://r.example:8443/", undefined],
    // Downgrades.
    ["https://r.example/", "http://r.example/", /leaves TLS/],
    ["https://r.example/", "http://auth.example/", /leaves TLS/],
    ["http://r.example/", "http://auth.example/", undefined],
    ["http://r.example/", "https://auth.example/", undefined],
    // Other schemes.
    ["https://r.example/", "null://r.example/token", /scheme/],
    ["https://r.example/", "file:///etc/passwd", /scheme/],
    ["https://r.example/", "ftp://r.example/", /scheme/],
    ["https://r.example/", "data:text/plain,x", /scheme/],
    ["https://r.example/", "blob:https://r.example/x", /scheme/],
    // Another user.
    ["https://r.example/", "https://user@r.example/", /user name/],
    ["https://r.example/", "https://:pw@r.example/", /user name/],
    ["https://r.example/", "https://r.example@evil.example/", /user name/],
    // Into the network behind us.
    ["https://r.example/", "https://169.254.169.254/latest/meta-data", /private/],
    ["https://r.example/", "https://localhost:8080/", /private/],
    ["https://r.example/", "https://2130706433/", /private/],
    ["https://r.example/", "https://[::ffff:7f00:1]/", /private/],
    // A private registry may point to its own host and to its neighbours.
    ["https://10.0.0.1:5000/", "https://10.0.0.1:5001/token", undefined],
    ["http://localhost:5000/", "http://127.0.0.1:5001/token", undefined],
    ["https://10.0.0.1/", "https://10.0.0.2/token", undefined],
  ];
  for (const [registry, url, reason] of cases) {
    const given = distrust(new URL(url), new URL(registry));
    const what = `${registry} names ${url}`;
    if (reason) assert.match(String(given), reason, what);
    else assert.equal(given, undefined, what);
  }
});
