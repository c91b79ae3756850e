import assert from "node:assert/strict";
import { type RealDocker, startRealDocker } from "../support/real_docker.ts";
import { testWith } from "../support/real_parts.ts";
import { makeRealPass } from "../support/real_pass.ts";
import { type RealRegistry, startRealRegistry } from "../support/real_registry.ts";
import { runCommand } from "../support/run_command.ts";
import { type CliResult, runCli } from "../support/run_cli.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

const PASSWORD = "s3cret: päss";
const USERS = { ann: PASSWORD };
const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;
const STDIN = new TextEncoder().encode(PASSWORD);

function startRegistry(type: "htpasswd" | "token"): Promise<RealRegistry> {
  return startRealRegistry({ auth: { type, users: USERS } });
}

function push(host: string, home: TempDir, env: Record<string, string> = {}): Promise<CliResult> {
  return runCli(["push", ARCHIVE, "-t", `${host}/team/app:1`, "--debug"], { home, env });
}

/** Asserts that a push found a login and used it. */
function assertPushed({ code, stderr }: CliResult, source: RegExp): void {
  assert.equal(code, 0, stderr);
  assert.match(stderr, source);
  assert.ok(!stderr.includes(PASSWORD));
}

function login(host: string, home: TempDir, args: readonly string[] = [], env = {}): Promise<CliResult> {
  const common = ["login", host, "--username", "ann", "--password-stdin"];
  return runCli([...common, ...args], { home, env, stdin: PASSWORD });
}

async function writeDockerConfig({ env }: RealDocker, config: object): Promise<void> {
  await Deno.mkdir(env.DOCKER_CONFIG);
  await Deno.writeTextFile(`${env.DOCKER_CONFIG}/config.json`, JSON.stringify(config));
}

for (const type of ["htpasswd", "token"] as const) {
  testWith(
    ["registry", "htpasswd", "docker"],
    `a login of docker with ${type} is found, and docker finds ours`,
    async () => {
      await using home = await makeTempDir();
      await using docker = await startRealDocker();
      await using registry = await startRegistry(type);
      const { host, tokenServer } = registry;
      // Without any login in its file, docker would choose a helper by itself.
      await writeDockerConfig(docker, { auths: { "other.example": { auth: btoa("bob:pw") } } });
      await docker.run(["login", host, "--username", "ann", "--password-stdin"], { stdin: STDIN });
      const config = JSON.parse(await Deno.readTextFile(`${docker.env.DOCKER_CONFIG}/config.json`));
      const source = new RegExp(`credentials for ${host}: "${host}" in .*config\\.json`);
      assertPushed(await push(host, home, docker.env), source);
      if (tokenServer) {
        assert.ok(config.auths[host].identitytoken, "docker keeps the token, and no password");
        assert.ok(tokenServer.grants.includes("refresh_token"));
      }

      await docker.run(["logout", host]);
      assert.equal((await push(host, home, docker.env)).code, 4);
      const { code, stderr } = await login(host, home, ["--store", "docker"], docker.env);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /config\.json" is not encrypted/);
      await docker.run(["pull", `${host}/team/app:1`]);
      assertPushed(await push(host, home, docker.env), source);
      assert.equal((await runCli(["logout", host], { home, env: docker.env })).code, 0);
      await assert.rejects(
        docker.run(["pull", `${host}/team/app:1`]),
        /no basic auth credentials|access denied/,
      );
    },
  );

  for (const tool of ["podman", "skopeo"] as const) {
    testWith(
      ["registry", "htpasswd", tool],
      `a login of ${tool} with ${type} is found, and ${tool} finds ours`,
      async () => {
        await using home = await makeTempDir();
        await using registry = await startRegistry(type);
        const { host } = registry;
        const env = {
          HOME: home.path,
          XDG_RUNTIME_DIR: home.join("run"),
        };
        await Deno.mkdir(env.XDG_RUNTIME_DIR, { mode: 0o700 });
        const args = ["login", "--tls-verify=false", "--username", "ann", "--password-stdin", host];
        await runCommand([tool, ...args], { env, stdin: STDIN });
        assertPushed(
          await push(host, home, env),
          new RegExp(`credentials for ${host}: "${host}" in .*run/containers/auth\\.json`),
        );
        await runCommand([tool, "logout", host], { env });
        assert.equal((await push(host, home, env)).code, 4);

        const { code, stderr } = await login(host, home, ["--store", "docker"], env);
        assert.equal(code, 0, stderr);
        assert.equal((await runCommand([tool, "login", "--get-login", host], { env })).trim(), "ann");
        if (tool === "skopeo") {
          const name = `docker://${host}/team/app`;
          assert.match(await runCommand([tool, "list-tags", "--tls-verify=false", name], { env }), /"1"/);
        }
      },
    );
  }
}

testWith(
  ["registry", "htpasswd", "podman"],
  "a login of podman for a namespace is good for that only",
  async () => {
    await using home = await makeTempDir();
    await using registry = await startRegistry("htpasswd");
    const { host } = registry;
    const env = { HOME: home.path, REGISTRY_AUTH_FILE: home.join("auth.json") };
    const args = ["login", "--tls-verify=false", "--username", "ann", "--password-stdin", `${host}/team`];
    await runCommand(["podman", ...args], { env, stdin: STDIN });
    assertPushed(
      await push(host, home, env),
      new RegExp(`credentials for ${host}: "${host}/team" in .*auth\\.json`),
    );
    const other = await runCli(["push", ARCHIVE, "-t", `${host}/other/app:1`, "--debug"], { home, env });
    assert.equal(other.code, 4, other.stderr);
    assert.match(other.stderr, new RegExp(`credentials for ${host}: none`));
  },
);

testWith(
  ["registry", "htpasswd", "pass", "docker"],
  "logins that docker's helper keeps are found, and ours are kept with it",
  async () => {
    await using home = await makeTempDir();
    await using pass = await makeRealPass();
    await using docker = await startRealDocker();
    await using registry = await startRegistry("htpasswd");
    const { host } = registry;
    const env = { ...docker.env, ...pass.env };
    await writeDockerConfig(docker, { credsStore: "pass" });
    const source = new RegExp(`credentials for ${host}: docker-credential-pass, named in .*config\\.json`);

    await docker.run(["login", host, "--username", "ann", "--password-stdin"], { stdin: STDIN, env });
    assert.equal((await pass.entries()).length, 1);
    assertPushed(await push(host, home, env), source);
    await docker.run(["logout", host], { env });
    assert.deepEqual(await pass.entries(), []);
    assert.equal((await push(host, home, env)).code, 4);

    const { code, stderr } = await login(host, home, [], env);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`^Logged in to ${host} as ann, kept in docker-credential-pass\n$`));
    assert.ok(!(await Deno.readTextFile(home.join("state/credentials.json"))).includes("s3cret"));
    assertPushed(await push(host, home, env), source);
    await docker.run(["pull", `${host}/team/app:1`], { env });
    assert.equal((await runCli(["logout", host], { home, env })).code, 0);
    assert.deepEqual(await pass.entries(), []);
    const again = await runCli(["logout", host], { home, env });
    assert.equal(again.stderr, `There was no login for ${host}\n`);
  },
);
