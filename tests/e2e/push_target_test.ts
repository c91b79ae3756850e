import assert from "node:assert/strict";
import { testWith } from "../support/real_parts.ts";
import { assertRefused } from "../support/refusal.ts";
import { stall } from "../support/registry/connection_faults.ts";
import { runCli, startCli, startCliOnTerminal } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

/** Holds `t/img:1`. */
const ARCHIVE = fixture("docker2010-one");
/** Holds `t/img:1`, `other.example:5000/ns/img:v2`, `t/two:1` and `t/imp:1`. */
const SEVERAL = fixture("docker2010-multi");
const UNNAMED = fixture("bx-oci");

function fixture(name: string): string {
  return new URL(`../fixtures/archives/${name}.tar`, import.meta.url).pathname;
}

function uploads({ requests }: TestRegistry): number {
  return requests.filter(({ method }) => method !== "GET" && method !== "HEAD").length;
}

Deno.test("push goes where it is told, and says so before it sends anything", async () => {
  await using registry = startTestRegistry();
  const target = `${registry.host}/team/app:1`;
  const { code, stderr } = await runCli(["push", ARCHIVE, "-t", target, "--progress", "json"]);
  assert.equal(code, 0, stderr);
  const [archive, notice, ...others] = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(archive.type, "archive:ready");
  assert.deepEqual(notice, { type: "notice", message: `t/img:1 → ${target}` });
  assert(!others.some(({ type }) => type === "notice"));
});

Deno.test("push goes to several targets", async () => {
  await using one = startTestRegistry();
  await using two = startTestRegistry();
  const targets = [`${one.host}/a/app:1`, `${two.host}/b/app:2`];
  const { code, stdout, stderr } = await runCli([
    "push",
    ARCHIVE,
    ...targets.flatMap((name) => ["-t", name]),
  ]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trimEnd().split("\n").map((line) => line.split("@")[0]).sort(), targets.sort());
  assert.equal(one.repository("a/app").tags.size, 1);
  assert.equal(two.repository("b/app").tags.size, 1);
});

Deno.test("push goes under the archive's own names with --registry, or for one image with --image", async () => {
  await using registry = startTestRegistry();
  const { code, stdout } = await runCli(["push", SEVERAL, "--registry", `${registry.host}/mirror/x`]);
  assert.equal(code, 0);
  assert.deepEqual(stdout.trimEnd().split("\n").map((line) => line.split("@")[0]).sort(), [
    `${registry.host}/mirror/x/ns/img:v2`,
    `${registry.host}/mirror/x/t/img:1`,
    `${registry.host}/mirror/x/t/imp:1`,
    `${registry.host}/mirror/x/t/two:1`,
  ]);
  const chosen = ["push", SEVERAL, "--image", "t/two:1", "-t", `${registry.host}/only:2`];
  assert.match((await runCli(chosen)).stdout, new RegExp(`^${registry.host}/only:2@sha256:\\w+\n$`));
});

Deno.test("push without a target goes where the image went last time", async () => {
  await using home = await makeTempDir();
  await using first = startTestRegistry();
  await using second = startTestRegistry();
  for (const { host } of [first, second]) {
    assert.equal((await runCli(["push", ARCHIVE, "-t", `${host}/team/app:7`], { home })).code, 0);
  }
  const { code, stdout, stderr } = await runCli(["push", ARCHIVE], { home });
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`^t/img:1 → ${second.host}/team/app:7 \\(where it went last time\\)\n`));
  assert.match(stdout, new RegExp(`^${second.host}/team/app:7@sha256:\\w+\n$`));
});

Deno.test("push to the most recent registry wants a yes, which -y gives", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry({ auth: { type: "basic", users: { ann: "pw" } } });
  const login = ["login", registry.host, "-u", "ann", "--password-stdin"];
  assert.equal((await runCli(login, { home, stdin: "pw" })).code, 0);
  const requestsOfLogin = registry.requests.length;

  const refused = await runCli(["push", ARCHIVE], { home });
  assertRefused(refused, { code: 2, message: /nobody has confirmed/, hint: /-t.*--yes/ });
  assert.match(
    refused.stderr,
    new RegExp(`^t/img:1 → ${registry.host}/t/img:1 \\(the most recent registry\\)\n`),
  );
  assert.equal(registry.requests.length, requestsOfLogin);

  const { code, stdout } = await runCli(["push", ARCHIVE, "-y"], { home });
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^${registry.host}/t/img:1@sha256:\\w+\n$`));
  assert.equal((await runCli(["push", ARCHIVE], { home })).code, 0, "confirmed by now");
});

testWith(["terminal"], "push asks on a terminal, and sends nothing when nobody answers", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry();
  await runCli(["push", SEVERAL, "--registry", registry.host], { home });
  const sent = uploads(registry);
  {
    await using process = await startCliOnTerminal(["push", UNNAMED, fixture("bh-da")], { home });
    const { code, stdout } = await process.result;
    assert.equal(code, 2);
    assert.match(stdout, /has no name in the archive/);
  }
  {
    await using process = await startCliOnTerminal(["push", fixture("bh-da")], { home });
    await process.stdout.waitFor(/Where should localhost\/bh:1 go\?/);
    await process.type("\x03");
    const { code, stdout } = await process.result;
    assert.equal(code, 130, stdout);
    assert.equal(uploads(registry), sent);
  }
  await using process = await startCliOnTerminal(["push", fixture("bh-da")], { home });
  await process.stdout.waitFor(/\(the most recent registry\)[^]*somewhere else/);
  await process.type("\r");
  assert.equal((await process.result).code, 0);
  assert.equal(registry.repository("bh").tags.size, 1);
});

testWith(["terminal"], "push asks for a yes where the only thing known is a login", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry({ auth: { type: "basic", users: { ann: "pw" } } });
  const login = ["login", registry.host, "-u", "ann", "--password-stdin"];
  assert.equal((await runCli(login, { home, stdin: "pw" })).code, 0);
  for (const [key, code] of [["n", 130], ["y", 0]] as const) {
    await using process = await startCliOnTerminal(["push", fixture("bh-da")], { home });
    await process.stdout.waitFor(/Push to 127\.0\.0\.1:\d+\/bh:1\?/);
    assert.equal(uploads(registry), 0);
    await process.type(key);
    assert.equal((await process.result).code, code);
  }
  assert.equal(registry.repository("bh").tags.size, 1);
});

testWith(["terminal"], "push leaves time to stop it before it goes where it went last time", async () => {
  await using home = await makeTempDir();
  await using registry = startTestRegistry();
  await runCli(["push", ARCHIVE, "-t", `${registry.host}/team/app:1`], { home });
  const sent = uploads(registry);
  // Were this machine so slow that the time is over, the push would end here.
  registry.addFault({ on: "ping", do: stall("before-body") });
  await using process = await startCliOnTerminal(["push", ARCHIVE], { home });
  await process.stdout.waitFor(/where it went last time/);
  await process.type("\x03");
  assert.equal((await process.result).code, 130);
  assert.equal(uploads(registry), sent);
});

for (
  const [what, args, message, hint] of [
    [
      "nothing says where",
      ["push", ARCHIVE],
      /nothing says where "docker\.io\/t\/img:1" should go/,
      /-t .*--registry/,
    ],
    [
      "one target is for many",
      ["push", SEVERAL, "-t", "r.example/a:1"],
      /3 images and one target/,
      /--image/,
    ],
    [
      "an image has no name",
      ["push", UNNAMED, "--registry", "r.example"],
      /has no name in the archive/,
      /--image sha256/,
    ],
    ["a target is no reference", ["push", ARCHIVE, "-t", "r.example/App:1"], /lower case/, /Write it like/],
    [
      "a target names another digest",
      ["push", ARCHIVE, "-t", `r.example/a@sha256:${"0".repeat(64)}`],
      /another digest/,
      /Leave/,
    ],
  ] as const
) {
  Deno.test(`push sends nothing when ${what}`, async () => {
    assertRefused(await runCli(args), { code: 2, message, hint });
  });
}

Deno.test("push names the images there are when one is not among them", async () => {
  assertRefused(await runCli(["push", SEVERAL, "--image", "t/three", "-t", "r.example/a:1"]), {
    code: 3,
    message: /Cannot find image "t\/three" in the archive/,
    hint: /It holds docker\.io\/t\/img:1, .*docker\.io\/t\/two:1/,
  });
});

Deno.test("push prints where it goes before the registry answers", async () => {
  let answer = (): void => {};
  const asked = new Promise<void>((resolve) => answer = resolve);
  await using registry = startTestRegistry({
    faults: [{ on: "ping", do: async (_, next) => (await asked, await next()) }],
  });
  await using process = await startCli(["push", ARCHIVE, "-t", `${registry.host}/team/app:1`]);
  await process.stderr.waitFor(/t\/img:1 → .*\/team\/app:1\n/);
  assert.equal(uploads(registry), 0);
  answer();
  assert.equal((await process.result).code, 0);
});
