import assert from "node:assert/strict";
import { createCertificateAuthority } from "../support/certificate.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { assertRefused } from "../support/refusal.ts";
import { type CliOptions, runCli } from "../support/run_cli.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;
const README = new URL("../../README.md", import.meta.url);

/** Runs with exactly the permissions that the README says are enough. */
async function documented(home: TempDir): Promise<CliOptions> {
  const [line = ""] = /^deno run (?:--allow-\S+ )+main\.ts/m.exec(await Deno.readTextFile(README)) ?? [];
  const permissions = line.split(" ").filter((word) => word.startsWith("--allow-"));
  assert.ok(permissions.length > 0, "the README lists permissions");
  return {
    home,
    permissions: ["--no-prompt", ...permissions.map((flag) => flag.replace("$HOME", home.path))],
    env: { DOCKER_IMAGE_PUSHER_STATE_DIR: undefined },
  };
}

testWith(
  ["registry", "htpasswd"],
  "login and push need no more permissions than the README lists",
  async () => {
    await using home = await makeTempDir();
    const options = await documented(home);
    const authority = await createCertificateAuthority();
    await Deno.writeTextFile(home.join("ca.pem"), authority.cert);
    await using registry = await startRealRegistry({
      auth: { type: "htpasswd", users: { ann: "s3cret" } },
      tls: await authority.issue(["127.0.0.1"]),
    });
    const trust = { ...options, env: { ...options.env, SSL_CERT_FILE: home.join("ca.pem") } };
    const login = ["login", registry.host, "-u", "ann", "--password-stdin"];
    const loggedIn = await runCli(login, { ...trust, stdin: "s3cret" });
    assert.equal(loggedIn.code, 0, loggedIn.stderr);
    const push = ["push", ARCHIVE, "-t", `${registry.host}/app:1`, "--verify"];
    const pushed = await runCli(push, trust);
    assert.equal(pushed.code, 0, pushed.stderr);
    assert.doesNotMatch(pushed.stderr, /warning/);
    const piped = ["push", "-", "-t", `${registry.host}/app:2`];
    const passed = await runCli(piped, { ...trust, stdin: await Deno.readFile(ARCHIVE) });
    assert.equal(passed.code, 0, passed.stderr);
    assert.equal((await runCli(["inspect", ARCHIVE], options)).code, 0);
    assert.equal((await runCli(["logout", registry.host], options)).code, 0);
  },
);

Deno.test("a permission that is missing is named, and is no bug", async () => {
  await using home = await makeTempDir();
  const options = await documented(home);
  const args = ["push", ARCHIVE, "-t", "registry.test/app:1", "--insecure-skip-tls-verify"];
  assertRefused(await runCli(args, options), {
    code: 2,
    message: /requires write access to .*--allow-write/,
    hint: /deno run/,
  });
});
