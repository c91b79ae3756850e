import assert from "node:assert/strict";
import { createCertificateAuthority } from "../support/certificate.ts";
import { startMappingProxy } from "../support/mapping_proxy.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { startRealTinyproxy } from "../support/real_tinyproxy.ts";
import { assertRefused } from "../support/refusal.ts";
import { type CliResult, runCli } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startSocksProxy } from "../support/socks_proxy.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;
const CREDENTIALS = `Basic ${btoa("ann:s3cret")}`;

function push(target: string, flags: readonly string[], env: Record<string, string>): Promise<CliResult> {
  return runCli(["push", ARCHIVE, "-t", target, "--yes", "--debug", ...flags], { env });
}

function assertPushed({ code, stdout, stderr }: CliResult): void {
  assert.equal(code, 0, stderr);
  assert.match(stdout, /@sha256:[0-9a-f]{64}\n$/);
  assert.doesNotMatch(stderr, /s3cret/);
}

testWith(
  ["registry"],
  "push goes through the proxy of HTTP_PROXY, and does not show its password",
  async () => {
    await using registry = await startRealRegistry();
    await using proxy = startMappingProxy(registry.host);
    const env = { HTTP_PROXY: `http://ann:s3cret@${proxy.host}` };
    assertPushed(await push("registry.test:5000/app:1", ["--plain-http"], env));
    assert.equal(proxy.requests[0], `GET http://registry.test:5000/v2/ HTTP/1.1 ${CREDENTIALS}`);
  },
);

Deno.test("push reaches this machine, and what NO_PROXY names, without a proxy", async () => {
  await using registry = startTestRegistry();
  await using proxy = startMappingProxy(registry.host);
  const names = { HTTP_PROXY: `http://${proxy.host}`, ALL_PROXY: `http://${proxy.host}` };
  assertPushed(await push(`${registry.host}/app:1`, ["--plain-http"], names));
  const env = { ...names, NO_PROXY: "registry.test:5000" };
  assert.equal((await push("registry.test:5000/app:1", ["--plain-http"], env)).code, 5);
  assert.deepEqual(proxy.requests, []);
});

Deno.test("push says so when the proxy is not there, or wants another password, and names it without the password", async () => {
  await using registry = startTestRegistry();
  const refuse = (): string => "HTTP/1.1 407 Proxy Authentication Required";
  await using proxy = startMappingProxy(registry.host, refuse);
  for (const flags of [["--plain-http"], [], ["--insecure-skip-tls-verify"]]) {
    const url = `http://ann:s3cret@${proxy.host}`;
    const refused = await runCli(["push", ARCHIVE, "-t", "registry.test/app:1", ...flags], {
      env: { ALL_PROXY: url },
    });
    assertRefused(refused, {
      code: 5,
      message: new RegExp(`"registry.test" by the proxy ${proxy.host}: the proxy wants another user`),
      hint: /variable that names the proxy/,
    });
    assert.doesNotMatch(refused.stderr, /s3cret/);
  }
});

testWith(
  ["registry", "tinyproxy"],
  "push and login reach a registry by tinyproxy, which asks for a password, with TLS and without",
  async () => {
    const authority = await createCertificateAuthority();
    await using home = await makeTempDir();
    await Deno.writeTextFile(home.join("ca.pem"), authority.cert);
    await using plain = await startRealRegistry();
    await using secure = await startRealRegistry({ tls: await authority.issue(["secure.test"]) });
    await using toPlain = startMappingProxy(plain.host);
    await using toSecure = startMappingProxy(secure.host);
    await using proxy = await startRealTinyproxy({
      username: "ann",
      password: "s3cret",
      upstreams: { "plain.test": toPlain.host, "secure.test": toSecure.host },
    });
    const env = { HTTP_PROXY: `http://ann:s3cret@${proxy.host}`, HTTPS_PROXY: `ann:s3cret@${proxy.host}` };
    assertPushed(await push("plain.test/app:1", ["--plain-http"], env));
    assertPushed(await push("secure.test/app:1", ["--ca-file", home.join("ca.pem")], env));
    assert.match(toSecure.requests[0]!, /^CONNECT secure\.test:443 HTTP/);
    assertPushed(await push("secure.test/app:1", ["--insecure-skip-tls-verify"], env));
  },
);

testWith(["registry"], "push goes through a SOCKS5 proxy, which looks up the name", async () => {
  const authority = await createCertificateAuthority();
  await using home = await makeTempDir();
  await Deno.writeTextFile(home.join("ca.pem"), authority.cert);
  await using registry = await startRealRegistry({ tls: await authority.issue(["registry.test"]) });
  await using proxy = startSocksProxy(registry.host);
  const env = { ALL_PROXY: `socks5h://ann:s3cret@${proxy.host}` };
  assertPushed(await push("registry.test/app:1", ["--ca-file", home.join("ca.pem")], env));
  assert.equal(proxy.requests[0], "registry.test:443 ann:s3cret");
});
