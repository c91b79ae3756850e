import assert from "node:assert/strict";
import { createCertificateAuthority } from "../support/certificate.ts";
import { makePushStage } from "../support/push_stage.ts";
import { startRealNginx } from "../support/real_nginx.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { assertRefused } from "../support/refusal.ts";
import { runCli } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const USERS = { ann: "s3cret" };
const PASSWORD = ["--username", "ann", "--password-stdin"];

testWith(
  ["registry", "nginx"],
  "push gets a large layer past nginx with its limit of 1 MiB a request",
  async () => {
    await using stage = await makePushStage();
    await using registry = await startRealRegistry();
    await using nginx = await startRealNginx({ registry: registry.host, maxBody: "1m" });
    const args = ["push", stage.archivePath, "-t", `${nginx.host}/app:1`, "--verify", "--debug"];
    const { code, stderr } = await runCli(args);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^< 413 /m);
  },
);

testWith(
  ["registry", "nginx", "htpasswd"],
  "push is let in by nginx, which sends it to another port for blobs, where the password must not go",
  async () => {
    await using home = await makeTempDir();
    await using stage = await makePushStage();
    await using registry = await startRealRegistry();
    await using nginx = await startRealNginx({
      registry: registry.host,
      users: USERS,
      redirectsBlobs: true,
    });
    const refused = await runCli(["login", nginx.host, ...PASSWORD], { home, stdin: "wrong" });
    assertRefused(refused, { code: 4, message: /401/, hint: /password/ });
    const login = await runCli(["login", nginx.host, ...PASSWORD], { home, stdin: USERS.ann });
    assert.equal(login.code, 0, login.stderr);
    const args = ["push", stage.archivePath, "-t", `${nginx.host}/app:1`, "--debug"];
    for (const result of [/: sent/, /already there/]) {
      const { code, stderr } = await runCli(args, { home });
      assert.equal(code, 0, stderr);
      assert.match(stderr, result);
      assert.match(stderr, /^< 307 HEAD /m);
    }
  },
);

testWith(
  ["registry", "nginx"],
  "push says so when nginx asks for a client certificate, or for another",
  async () => {
    await using home = await makeTempDir();
    await using stage = await makePushStage();
    const authority = await createCertificateAuthority();
    const clients = await createCertificateAuthority();
    await using registry = await startRealRegistry();
    await using nginx = await startRealNginx({
      registry: registry.host,
      tls: { ...await authority.issue(["127.0.0.1"]), clientAuthorities: clients.cert },
    });
    const ours = await clients.issue(["ann"]);
    const others = await authority.issue(["ann"]);
    const files = { "ca.pem": authority.cert, "ann.pem": ours.cert, "ann.key": ours.key };
    for (const [name, text] of Object.entries({ ...files, "eve.pem": others.cert, "eve.key": others.key })) {
      await Deno.writeTextFile(home.join(name), text);
    }
    const push = (...flags: string[]) => {
      const args = ["push", stage.archivePath, "-t", `${nginx.host}/app:1`, "--ca-file", "ca.pem", ...flags];
      return runCli(args, { home });
    };
    const hint = /--cert-file and --key-file/;
    assertRefused(await push(), { code: 5, message: /asks for a client certificate/, hint });
    assertRefused(await push("--cert-file", "eve.pem", "--key-file", "eve.key"), {
      code: 5,
      message: /refuses our client certificate/,
      hint,
    });
    const { code, stderr } = await push("--cert-file", "ann.pem", "--key-file", "ann.key");
    assert.equal(code, 0, stderr);
  },
);
