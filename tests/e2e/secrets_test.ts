import assert from "node:assert/strict";
import type { Behaviour } from "../support/registry/fault.ts";
import type { RequestKind } from "../support/registry/routes.ts";
import { type CliResult, runCli } from "../support/run_cli.ts";
import { writeShellProgram } from "../support/shell_program.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;
const PASSWORD = 'Canary/0+1 "é"&x=2';
const IDENTITY_TOKEN = "refresh/Canary+3";
const REGISTRY_TOKEN = "ready.Canary-4";
const USERS = { ann: PASSWORD };

/** What must be nowhere, in every form in which it travels; tokens of the test registry by their shape. */
const CANARIES: readonly RegExp[] = [
  ...[PASSWORD, IDENTITY_TOKEN, REGISTRY_TOKEN].flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    new URLSearchParams({ s: secret }).toString().slice(2),
    base64(secret),
    base64(`ann:${secret}`),
    base64(`<token>:${secret}`),
  ]).map((form) => new RegExp(RegExp.escape(form))),
  /Canary/,
  /token-[0-9a-f]{8}-/,
  /refresh-[0-9a-f]{8}-/,
];

function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/** A user's home, in which everything that is written can be looked through. */
class Home implements AsyncDisposable {
  readonly dir: TempDir;
  readonly #kept: string[] = [];
  #text = "";

  constructor(dir: TempDir) {
    this.dir = dir;
  }

  /** Writes a file that may hold secrets. */
  async keep(path: string, content: unknown): Promise<void> {
    const file = this.dir.join(path);
    this.#kept.push(file);
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(file, typeof content === "string" ? content : JSON.stringify(content));
  }

  /** Runs the command with every trace there is, as lines and as JSON. */
  async run(args: readonly string[], env: Record<string, string> = {}, stdin = ""): Promise<CliResult> {
    const options = { home: this.dir, env: { OCI_DEBUG: "1", OCI_DEBUG_UPLOAD: "1", ...env }, stdin };
    const results = [
      await runCli([...args, "--debug"], options),
      await runCli([...args, "--debug", "--json", "--progress", "json"], options),
    ];
    this.#text += results.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    return results[0]!;
  }

  /** Asserts that no secret is in what the command printed, kept and showed of itself. */
  async assertSilent(): Promise<void> {
    const allowed = [...this.#kept, this.dir.join("state/credentials.json")];
    const written = await filesIn(this.dir.path);
    const texts = await Promise.all(
      written.filter((path) => !allowed.includes(path)).map(async (path) =>
        `${path}\n${new TextDecoder("latin1").decode(await Deno.readFile(path))}`
      ),
    );
    for (const text of [this.#text, ...texts]) {
      const line = text.split("\n").find((line) => CANARIES.some((canary) => canary.test(line)));
      assert.equal(line, undefined, text.slice(0, text.indexOf("\n")));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dir[Symbol.asyncDispose]();
  }
}

async function makeHome(): Promise<Home> {
  return new Home(await makeTempDir());
}

async function filesIn(path: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(path)) {
    if (isDirectory) files.push(...await filesIn(`${path}/${name}`));
    else if (isFile) files.push(`${path}/${name}`);
  }
  return files;
}

/** An answer that repeats all it was sent. */
function echo(status: number): Behaviour {
  return ({ request }) => {
    const sent = request.headers.get("authorization") ?? "";
    const basic = sent.startsWith("Basic ")
      ? new TextDecoder().decode(Uint8Array.fromBase64(sent.slice(6)))
      : "";
    const message = `you sent ${sent} (${basic}) and ${request.query}`;
    return Promise.resolve({ status, body: JSON.stringify({ errors: [{ code: "DENIED", message }] }) });
  };
}

function start(type: "basic" | "bearer" = "bearer"): TestRegistry {
  return startTestRegistry({ auth: { type, users: USERS, identityTokens: { [IDENTITY_TOKEN]: "ann" } } });
}

const login = (host: string): string[] => ["login", host, "--username", "ann", "--password-stdin"];
const push = (host: string): string[] => ["push", ARCHIVE, "-t", `${host}/team/app:1`, "--no-resume"];

for (const type of ["basic", "bearer"] as const) {
  Deno.test(`no secret shows when a user logs in with ${type} and pushes`, async () => {
    await using home = await makeHome();
    await using registry = start(type);
    assert.equal((await home.run(login(registry.host), {}, PASSWORD)).code, 0);
    assert.equal((await home.run(push(registry.host))).code, 0);
    assert.equal((await home.run(["push", ARCHIVE, "-t", `${registry.host}/team/app:2`, "--force"])).code, 0);
    assert.equal((await home.run(["logout", registry.host])).code, 0);
    const env = { DOCKER_USERNAME: "ann", DOCKER_PASSWORD: PASSWORD };
    assert.equal((await home.run(push(registry.host), env)).code, 0);
    await home.assertSilent();
  });

  Deno.test(`no secret shows when a registry with ${type} repeats what it was sent`, async () => {
    await using home = await makeHome();
    const env = { DOCKER_USERNAME: "ann", DOCKER_PASSWORD: PASSWORD };
    const steps: [RequestKind, number, (host: string) => string[]][] = [
      ["start-upload", 403, push],
      [type === "basic" ? "put-manifest" : "token", 401, push],
      [type === "basic" ? "ping" : "token", 403, login],
    ];
    for (const [on, status, command] of steps) {
      await using registry = start(type);
      registry.addFault({ on, times: Infinity, do: echo(status) });
      const { code, stderr } = await home.run(command(registry.host), env, PASSWORD);
      assert.equal(code, 4, stderr);
      assert.match(stderr, /you sent (Basic|Bearer) \[redacted\]/);
    }
    await home.assertSilent();
  });
}

Deno.test("no secret shows when a push is refused by half", async () => {
  await using home = await makeHome();
  await using registry = start();
  assert.equal((await home.run(login(registry.host), {}, PASSWORD)).code, 0);
  registry.addFault({ on: "commit", times: Infinity, do: echo(400) });
  const { code } = await home.run(["push", ARCHIVE, "-t", `${registry.host}/team/app:1`]);
  assert.notEqual(code, 0);
  await home.assertSilent();
});

Deno.test("no secret of docker's or podman's files shows", async () => {
  await using home = await makeHome();
  await using registry = start();
  const { host } = registry;
  await home.keep(".docker/config.json", {
    auths: { [host]: { auth: base64("ann:"), identitytoken: IDENTITY_TOKEN } },
  });
  assert.equal((await home.run(push(host))).code, 0);
  await home.keep(".docker/config.json", { auths: { [host]: { registrytoken: REGISTRY_TOKEN } } });
  assert.equal((await home.run(push(host))).code, 4);
  await home.keep(".docker/config.json", {});
  await home.keep(".config/containers/auth.json", { auths: { [host]: { auth: base64(`ann:${PASSWORD}`) } } });
  assert.equal((await home.run(push(host))).code, 0);
  await home.assertSilent();
});

Deno.test("no secret shows of files that are damaged", async () => {
  await using home = await makeHome();
  await using registry = start();
  const { host } = registry;
  const damaged = [
    `{"auths": {"${host}": {"auth": "${base64(PASSWORD)}"}}`,
    `{"auths": {"${host}": {"auth": "${base64(PASSWORD)}"}}}`,
    `{"auths": {"${host}": "${REGISTRY_TOKEN}"}}`,
    `{"auths": ["${REGISTRY_TOKEN}"], "credsStore": "/bin/${REGISTRY_TOKEN}"}`,
    REGISTRY_TOKEN,
  ];
  for (const content of damaged) {
    await home.keep(".docker/config.json", content);
    const { code, stderr } = await home.run(push(host));
    assert.equal(code, 2, stderr);
  }
  await home.keep("state/credentials.json", `{"version":1,"logins":"${REGISTRY_TOKEN}"}`);
  assert.equal((await home.run(push(host))).code, 8);
  await home.keep("state/credentials.json", `{"version":1,"logins":[{"password":"${REGISTRY_TOKEN}" }`);
  assert.equal((await home.run(push(host))).code, 8);
  await home.assertSilent();
});

Deno.test({
  name: "no secret shows to a helper's neighbours, nor in what a helper says",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using home = await makeHome();
    await using registry = start();
    const { host } = registry;
    await using programs = await makeTempDir();
    const seen = home.dir.join("seen");
    await writeShellProgram(
      programs,
      "docker-credential-canary",
      `cat /proc/[0-9]*/cmdline >> '${seen}' 2>/dev/null
       case "$1" in
         store) cat > '${programs.path}/login';;
         get) [ -e '${programs.path}/login' ] && cat '${programs.path}/login' || printf '{}';;
         erase) rm '${programs.path}/login';;
       esac`,
    );
    const env = { PATH: `${programs.path}:${Deno.env.get("PATH")}` };
    await home.keep(".docker/config.json", { credsStore: "canary" });
    assert.equal((await home.run(login(host), env, PASSWORD)).code, 0);
    assert.equal((await home.run(push(host), env)).code, 0);
    assert.ok((await Deno.readTextFile(seen)).includes("docker-credential-canary"));
    assert.equal((await home.run(["logout", host], env)).code, 0);
    await writeShellProgram(programs, "docker-credential-canary", "cat; exit 1");
    assert.equal((await home.run(login(host), env, PASSWORD)).code, 4);
    await home.assertSilent();
  },
});
