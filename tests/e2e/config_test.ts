import assert from "node:assert/strict";
import { createCertificateAuthority } from "../support/certificate.ts";
import { putImage } from "../support/pull_stage.ts";
import { assertRefused } from "../support/refusal.ts";
import { runCli } from "../support/run_cli.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;

/** Writes config.yaml into the state directory that a home directory has. */
async function configure(home: TempDir, text: string): Promise<void> {
  await Deno.mkdir(home.join("state"), { recursive: true });
  await Deno.writeTextFile(home.join("state/config.yaml"), text);
}

Deno.test("config.yaml gives flags their values, and the command line goes first", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry();
  await configure(home, "defaults:\n  quiet: true\n  json: true\n  limitRate: 1GB\n");
  const args = ["push", ARCHIVE, "-t", `${registry.host}/app:1`];
  const { code, stdout, stderr } = await runCli(args, { home });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal(JSON.parse(stdout).pushed.length, 1);

  const traced = await runCli([...args, "--debug", "--limit-rate", "2GB"], { home });
  assert.equal(traced.code, 0, traced.stderr);
  assert.match(traced.stderr, /^setting --quiet: .*state\/config\.yaml, line 2$/m);
  assert.match(traced.stderr, /^setting --limit-rate: command line$/m);

  const other = home.join("other.yaml");
  await Deno.writeTextFile(other, "defaults:\n  quiet: true\n");
  assert.match((await runCli([...args, "--config", other], { home })).stdout, /@sha256:[0-9a-f]{64}\n$/);
});

Deno.test("pull --cache keeps what config.yaml would not", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry();
  putImage(registry, "app:1");
  await configure(home, "defaults:\n  cache: false\n");
  const args = ["pull", `${registry.host}/app:1`, "-o", "/dev/null", "--platform", "linux/amd64"];
  for (const [flags, isKept] of [[[], false], [["--cache"], true]] as const) {
    const { code, stderr } = await runCli([...args, ...flags], { home });
    assert.equal(code, 0, stderr);
    assert.equal(await Deno.stat(home.join("state/cache")).then(() => true, () => false), isKept);
  }
});

Deno.test("config.yaml says how to connect to a host, with files beside it", async () => {
  await using home = await makeTempDir();
  const authority = await createCertificateAuthority();
  await using registry = startTestRegistry({ tls: await authority.issue(["127.0.0.1"]) });
  await configure(home, `hosts:\n  ${registry.host}:\n    caFile: certs/ca.pem\n`);
  const args = ["push", ARCHIVE, "-t", `${registry.host}/app:1`];
  assertRefused(await runCli(args, { home }), {
    code: 2,
    message: /certs\/ca\.pem": no such file/,
    hint: /PEM/,
  });
  await Deno.mkdir(home.join("state/certs"));
  await Deno.writeTextFile(home.join("state/certs/ca.pem"), authority.cert);
  assert.equal((await runCli(args, { home })).code, 0);
});

Deno.test("config.yaml says how to upload to a host, and what to write instead of a name", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry();
  await configure(
    home,
    `hosts:
  ${registry.host}:
    strategy: streamed
    concurrency: 1
rewrite:
  - from: docker.io/team
    to: ${registry.host}/mirror
`,
  );
  const { code, stdout, stderr } = await runCli(["push", ARCHIVE, "-t", "team/app:1"], { home });
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`→ ${registry.host}/mirror/app:1\n`));
  assert(stdout.startsWith(`${registry.host}/mirror/app:1@sha256:`));
  assert.deepEqual([...registry.repository("mirror/app").tags.keys()], ["1"]);
});

Deno.test("config.yaml with a mistake in it stops every command, and help is shown all the same", async () => {
  const mistakes: [string, RegExp][] = [
    ["limitRate: 1MB", /line 1: "limitRate" is not a setting/],
    ["defaults:\n  limitrate: 1MB", /Cannot use defaults\.limitrate in ".*", line 2: it is no flag/],
    ["defaults:\n  limitRate: much", /Cannot use defaults\.limitRate in ".*", line 2: it is not a size/],
    ["defaults:\n  verify: 1", /Cannot use defaults\.verify in ".*", line 2: it should be true or false/],
    ["defaults:\n  json: 'true'", /Cannot use defaults\.json in ".*", line 2: it should be true or false/],
    ["defaults:\n  progress: fancy", /Cannot use defaults\.progress in ".*", line 2: Allowed choices are/],
    ["defaults:\n  registry: true", /Cannot use defaults\.registry in ".*", line 2: it needs a value/],
    ["defaults:\n  destPassword: s3cret", /Cannot use defaults\.destPassword in ".*", line 2: it is no flag/],
    ["defaults:\n  password: s3cret", /Cannot use defaults\.password in ".*", line 2: it is no flag/],
    ["defaults:\n  stateDir: /tmp", /Cannot use defaults\.stateDir in ".*", line 2: it is no flag/],
  ];
  await using home = await makeTempDir();
  for (const [text, message] of mistakes) {
    await configure(home, text);
    assertRefused(await runCli(["inspect", ARCHIVE], { home }), { code: 2, message, hint: /camel|docs/ });
  }
  assert.equal((await runCli(["push", "--help"], { home })).code, 0);
});
