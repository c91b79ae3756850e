import assert from "node:assert/strict";
import { assertRefused } from "../support/refusal.ts";
import { type CliResult, runCli } from "../support/run_cli.ts";
import { writeShellProgram } from "../support/shell_program.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;
const USERS = { ann: "s3cret" };

/** A user's home with docker's configuration in it, and a registry. */
interface Stage extends AsyncDisposable {
  home: TempDir;
  registry: TestRegistry;
  configure(config: unknown): Promise<void>;
  readDockerAuths(): Promise<Record<string, unknown>>;
  readOurs(): Promise<string>;
  run(args: readonly string[], stdin?: string): Promise<CliResult>;
  login(...args: string[]): Promise<CliResult>;
  push(...args: string[]): Promise<CliResult>;
}

async function makeStage(): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await makeTempDir());
  const registry = stack.use(startTestRegistry({ auth: { type: "bearer", users: USERS } }));
  await Deno.mkdir(home.join(".docker"));
  await Deno.mkdir(home.join("bin"));
  const env = { PATH: `${home.join("bin")}:${Deno.env.get("PATH")}` };
  const run = (args: readonly string[], stdin = ""): Promise<CliResult> => runCli(args, { home, env, stdin });
  const config = home.join(".docker/config.json");
  const resources = stack.move();
  return {
    home,
    registry,
    configure: (content) => Deno.writeTextFile(config, JSON.stringify(content)),
    readDockerAuths: async () => JSON.parse(await Deno.readTextFile(config)).auths,
    readOurs: () => Deno.readTextFile(home.join("state/credentials.json")),
    run,
    login: (...args) =>
      run(["login", registry.host, "--username", "ann", "--password-stdin", ...args], "s3cret\n"),
    push: (...args) => run(["push", ARCHIVE, "-t", `${registry.host}/team/app:1`, ...args], "s3cret\n"),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

Deno.test("CVE-2021-41092: push asks no registry anything when the helper for it cannot be run", async () => {
  await using stage = await makeStage();
  const { registry } = stage;
  const auths = { [registry.host]: { auth: btoa("ann:s3cret") } };
  for (const config of [{ credsStore: "missing" }, { credHelpers: { [registry.host]: "missing" } }]) {
    await stage.configure({ ...config, auths });
    assertRefused(await stage.push(), {
      code: 4,
      message: /^error: Cannot run "docker-credential-missing": there is no such program on PATH$/,
      hint: /credHelpers, credsStore/,
    });
    assertRefused(await stage.login(), { code: 4, message: /docker-credential-missing/, hint: /credsStore/ });
  }
  await stage.configure({ credsStore: "../../bin/missing" });
  assertRefused(await stage.push(), {
    code: 2,
    message: /config\.json": "credsStore" is wrong/,
    hint: /Repair/,
  });
  const { requests } = registry;
  assert.deepEqual(requests.filter(({ kind }) => kind !== "ping" && kind !== "token"), []);
  assert.equal((await stage.push("--username", "ann", "--password-stdin")).code, 0);
});

Deno.test({
  name: "a helper that fails is told in its own words, and one that asks for nothing is let be",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using stage = await makeStage();
    const { home, registry } = stage;
    await stage.configure({ credsStore: "locked" });
    const bin = { ...home, join: (name: string) => home.join(`bin/${name}`) };
    await writeShellProgram(bin, "docker-credential-locked", "echo 'the keyring is locked'; exit 1");
    assertRefused(await stage.push(), { code: 4, message: /: the keyring is locked$/, hint: /credsStore/ });
    assert.deepEqual(registry.requests, []);
    await writeShellProgram(bin, "docker-credential-locked", "printf '{}'");
    assertRefused(await stage.push(), {
      code: 4,
      message: /answered 401/,
      hint: /docker-image-pusher login/,
    });
  },
});

Deno.test("login --store says what is not to be had, before it asks for a password", async () => {
  await using stage = await makeStage();
  const { registry } = stage;
  await stage.configure({});
  assertRefused(await stage.run(["login", registry.host, "--store", "helper"]), {
    code: 2,
    message: /names none for 127/,
    hint: /--store file/,
  });
  await stage.configure({ credsStore: "pass" });
  assertRefused(await stage.run(["login", registry.host, "--store", "docker"]), {
    code: 2,
    message: /docker asks its helper "pass"/,
    hint: /--store helper/,
  });
  assert.deepEqual(registry.requests, []);
});

Deno.test("login keeps a secret in one place, and logout takes it from there", async () => {
  await using stage = await makeStage();
  const { registry, home } = stage;
  await stage.configure({ auths: { "other.example": { auth: btoa("bob:x") } } });
  assert.equal((await stage.login("--store", "docker")).code, 0);
  assert.deepEqual(Object.keys(await stage.readDockerAuths()), ["other.example", registry.host]);
  assert.doesNotMatch(await stage.readOurs(), /s3cret/);
  assert.equal((await stage.push()).code, 0);

  assert.equal((await stage.login("--store", "file")).code, 0);
  assert.deepEqual(Object.keys(await stage.readDockerAuths()), ["other.example"]);
  assert.match(await stage.readOurs(), /s3cret/);

  assert.equal((await stage.login("--store", "docker")).code, 0);
  assert.doesNotMatch(await stage.readOurs(), /s3cret/);
  const out = await stage.run(["logout", registry.host]);
  assert.equal(out.stderr, `Logged out of ${registry.host}\n`);
  assert.deepEqual(Object.keys(await stage.readDockerAuths()), ["other.example"]);
  assert.equal((await stage.push()).code, 4);
  assert.equal(JSON.parse(await Deno.readTextFile(home.join("state/credentials.json"))).logins.length, 0);
});

Deno.test("logout leaves docker's own login, and says so", async () => {
  await using stage = await makeStage();
  const { host } = stage.registry;
  await stage.configure({ auths: { [host]: { auth: btoa("ann:s3cret") } } });
  assert.equal((await stage.login("--store", "file")).code, 0);
  const { code, stderr } = await stage.run(["logout", host]);
  assert.equal(code, 0);
  assert.match(
    stderr,
    new RegExp(`^Another login for ${host} stays: "${host}" in .*config\\.json\\. docker logout`),
  );
  assert.match(stderr, /\nLogged out of /);
  assert.equal((await stage.push()).code, 0);
});

Deno.test("the most recent login counts for the target of a push, wherever its secret is kept", async () => {
  await using stage = await makeStage();
  await stage.configure({});
  assert.equal((await stage.login("--store", "docker")).code, 0);
  const { code, stderr } = await stage.run(["push", ARCHIVE, "--yes"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`→ ${stage.registry.host}/`));
});
