import assert from "node:assert/strict";
import { dockerSaveMembers, tarBytes } from "../support/archives.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { assertRefused, type Refusal } from "../support/refusal.ts";
import { type CliResult, runCli, startCliOnTerminal } from "../support/run_cli.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const USERS = { ann: "s3cret pass" };
const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;
const WRONG_PASSWORD: Refusal = {
  code: 4,
  message: /the registry answered 401/,
  hint: /Check the user name and the password/,
};

function login(host: string, home: TempDir, password: string): Promise<CliResult> {
  return runCli(["login", host, "--username", "ann", "--password-stdin"], { home, stdin: password });
}

function push(host: string, home: TempDir, env: Record<string, string> = {}): Promise<CliResult> {
  return runCli(["push", ARCHIVE, "-t", `${host}/team/app:1`], { home, env });
}

async function isStored(home: TempDir): Promise<boolean> {
  const content = await Deno.readTextFile(home.join("state/credentials.json")).catch(() => "");
  return content.includes("ann");
}

for (const type of ["htpasswd", "token"] as const) {
  testWith(["registry", "htpasswd"], `login keeps what docker-registry with ${type} accepts`, async () => {
    await using home = await makeTempDir();
    await using registry = await startRealRegistry({ auth: { type, users: USERS } });
    assertRefused(await push(registry.host, home), {
      code: 4,
      message: /answered 401/,
      hint: new RegExp(`docker-image-pusher login ${registry.host}`),
    });
    assertRefused(await login(registry.host, home, "wrong\n"), WRONG_PASSWORD);
    assert(!await isStored(home));

    const { code, stdout, stderr } = await login(registry.host, home, "s3cret pass\n");
    assert.deepEqual([code, stdout], [0, ""], stderr);
    const said =
      `^".*state/credentials\\.json" is not encrypted; .*\nLogged in to ${registry.host} as ann, kept in .*state\n$`;
    assert.match(stderr, new RegExp(said));
    assert(await isStored(home));
    const pushed = await push(registry.host, home);
    assert.equal(pushed.code, 0, pushed.stderr);
    assert.match(pushed.stdout, /team\/app:1@sha256:[0-9a-f]{64}\n$/);

    assert.equal((await runCli(["logout", registry.host], { home })).code, 0);
    assert(!await isStored(home));
    assert.equal((await push(registry.host, home)).code, 4);
  });
}

testWith(["registry"], "push tells a login that may only read from a wrong one", async () => {
  await using home = await makeTempDir();
  await using registry = await startRealRegistry({
    auth: { type: "token", users: USERS, allows: (_, action) => action === "pull" },
  });
  assert.equal((await login(registry.host, home, "s3cret pass")).code, 0);
  assertRefused(await push(registry.host, home), {
    code: 4,
    message: /answered 401/,
    hint: /^hint: This login is known, but may not do that in "team\/app"/,
  });
});

Deno.test("login writes a file that only its owner may read", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry({ auth: { type: "basic", users: USERS } });
  await login(registry.host, home, "s3cret pass");
  const { mode } = await Deno.stat(home.join("state/credentials.json"));
  if (Deno.build.os !== "windows") assert.equal(mode! & 0o777, 0o600);
});

Deno.test("login warns of --password, and takes it", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry({ auth: { type: "bearer", users: USERS } });
  const { code, stderr } = await runCli(["login", registry.host, "-u", "ann", "-p", "s3cret pass"], { home });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^warning: --password shows in the process list/);
  assert(await isStored(home));
});

Deno.test("login keeps an earlier login when a new password is wrong", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry({ auth: { type: "bearer", users: USERS } });
  await login(registry.host, home, "s3cret pass");
  assertRefused(await login(registry.host, home, "wrong"), WRONG_PASSWORD);
  assert.equal((await push(registry.host, home)).code, 0);
});

Deno.test("login without a terminal names the flag that was missing", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry({ auth: { type: "basic", users: USERS } });
  assertRefused(await runCli(["login", registry.host], { home }), {
    code: 2,
    message: /no user name is given/,
    hint: /--username/,
  });
  assertRefused(await runCli(["login", registry.host, "-u", "ann"], { home }), {
    code: 2,
    message: /no password is given/,
    hint: /--password-stdin/,
  });
  assertRefused(await login(registry.host, home, "\n"), {
    code: 2,
    message: /the password is empty/,
    hint: /where the password comes from/,
  });
  assert(!await isStored(home));
});

testWith(["terminal"], "login asks on a terminal without showing the password", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry({ auth: { type: "basic", users: USERS } });
  await using process = await startCliOnTerminal(["login", registry.host], { home });
  await process.stdout.waitFor(/User name for/);
  await process.type("ann\r");
  await process.stdout.waitFor(/Password for ann/);
  await process.type("s3cret pass\r");
  const { code, stdout } = await process.result;
  assert.equal(code, 0, stdout);
  assert.doesNotMatch(stdout, /s3cret/);
  assert(await isStored(home));
});

Deno.test("logout says when there was nothing to forget", async () => {
  const { code, stdout, stderr } = await runCli(["logout", "registry.example.com"]);
  assert.deepEqual([code, stdout], [0, ""]);
  assert.equal(stderr, "There was no login for registry.example.com\n");
});

Deno.test("push takes DOCKER_USERNAME and DOCKER_PASSWORD for one run", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry({ auth: { type: "bearer", users: USERS } });
  const env = { DOCKER_USERNAME: "ann", DOCKER_PASSWORD: "s3cret pass" };
  assert.equal((await push(registry.host, home, env)).code, 0);
  assert(!await isStored(home));
  assert.equal((await push(registry.host, home)).code, 4);
});

Deno.test("push takes --username and --password-stdin for one run, and says when they are wrong", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry({ auth: { type: "basic", users: USERS } });
  const args = [
    "push",
    ARCHIVE,
    "-t",
    `${registry.host}/team/app:1`,
    "--username",
    "ann",
    "--password-stdin",
  ];
  assertRefused(await runCli(args, { home, stdin: "wrong\n" }), WRONG_PASSWORD);
  assert.equal(registry.repository("team/app").tags.size, 0);
  assert.equal((await runCli(args, { home, stdin: "s3cret pass\n" })).code, 0);
  assert(!await isStored(home));
  assert.equal((await push(registry.host, home)).code, 4);
});

Deno.test("push gets new tokens as often as the registry wants", async () => {
  await using home = await makeTempDir();
  // Each part of the upload takes longer than a token lives.
  let nowMs = Date.UTC(2026, 0, 1);
  await using registry = startTestRegistry({
    auth: { type: "bearer", users: USERS, tokenLifetimeSeconds: 60 },
    clock: { now: () => nowMs },
  });
  registry.addFault({
    on: "append",
    times: Infinity,
    do: (_, next) => {
      nowMs += 61_000;
      return next();
    },
  });
  await login(registry.host, home, "s3cret pass");
  const archive = home.join("large.tar");
  await Deno.writeFile(archive, tarBytes(await dockerSaveMembers([{ layers: [seededBytes(5 * 2 ** 20)] }])));
  const args = ["push", archive, "-t", `${registry.host}/team/app:1`, "--blob-chunk", "1MiB"];
  const { code, stderr } = await runCli(args, { home });
  assert.equal(code, 0, stderr);
  const parts = registry.requests.filter(({ kind, status }) => kind === "append" && status === 202);
  const tokens = registry.requests.filter(({ kind }) => kind === "token");
  assert.equal(parts.length, 5);
  assert(tokens.length > 5, `${tokens.length} tokens`);
});
