import assert from "node:assert/strict";
import { createCertificateAuthority, createSelfSignedCertificate } from "../support/certificate.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { runCli } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;

testWith(["registry", "htpasswd"], "login and push reach a registry by its IPv6 address", async () => {
  await using home = await makeTempDir();
  const users = { ann: "s3cret" };
  await using registry = await startRealRegistry({ address: "[::1]", auth: { type: "htpasswd", users } });
  assert.match(registry.host, /^\[::1\]:\d+$/);
  const login = ["login", registry.host, "-u", "ann", "--password-stdin"];
  const loggedIn = await runCli(login, { home, stdin: users.ann });
  assert.equal(loggedIn.code, 0, loggedIn.stderr);
  const target = `${registry.host}/team/app:1`;
  const pushed = await runCli(["push", ARCHIVE, "-t", target, "--verify"], { home });
  assert.equal(pushed.code, 0, pushed.stderr);
  assert(pushed.stdout.startsWith(`${target}@sha256:`), pushed.stdout);
  const again = await runCli(["push", ARCHIVE, "--registry", `${registry.host}/mirror`], { home });
  assert.equal(again.code, 0, again.stderr);
});

for (const kind of ["an authority's", "its own"] as const) {
  testWith(
    ["registry"],
    `push reaches a registry by its IPv6 address with TLS and ${kind} certificate`,
    async () => {
      await using home = await makeTempDir();
      const authority = await createCertificateAuthority();
      const tls = kind === "its own"
        ? await createSelfSignedCertificate("::1")
        : await authority.issue(["::1"]);
      await using registry = await startRealRegistry({ address: "[::1]", tls });
      const directory = home.join(`.docker/certs.d/${registry.host}`);
      await Deno.mkdir(directory, { recursive: true });
      await Deno.writeTextFile(`${directory}/ca.crt`, kind === "its own" ? tls.cert : authority.cert);
      const { code, stderr } = await runCli(["push", ARCHIVE, "-t", `${registry.host}/app:1`], { home });
      assert.equal(code, 0, stderr);
    },
  );
}
