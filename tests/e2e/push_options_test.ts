import assert from "node:assert/strict";
import { dockerSaveMembers, tarBytes } from "../support/archives.ts";
import { fileNames } from "../support/file_names.ts";
import type { Behaviour } from "../support/registry/fault.ts";
import { runCli } from "../support/run_cli.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;
const MIB = 2 ** 20;

/** Lets nobody pass before so many are there, and counts how many there are at most. */
function gather(needed: number): { behaviour: Behaviour; most: () => number } {
  let present = 0;
  let most = 0;
  const { promise: complete, resolve } = Promise.withResolvers<void>();
  const behaviour: Behaviour = async (_, next) => {
    most = Math.max(most, ++present);
    if (present >= needed) resolve();
    await complete;
    const answer = await next();
    present--;
    return answer;
  };
  return { behaviour, most: () => most };
}

for (
  const [args, concurrency] of [[["--concurrency", "1"], 1], [["--concurrency", "5"], 5], [[], 3]] as const
) {
  Deno.test(`push sends ${concurrency} blobs at once with "${args.join(" ")}"`, async () => {
    await using dir = await makeTempDir();
    const layers = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => seededBytes(1000, seed));
    await Deno.writeFile(dir.join("app.tar"), tarBytes(await dockerSaveMembers([{ layers }])));
    const { behaviour, most } = gather(concurrency);
    await using registry = startTestRegistry({
      faults: [{ on: ["append", "commit"], times: Infinity, do: behaviour }],
    });
    const push = ["push", dir.join("app.tar"), "-t", `${registry.host}/team/app:1`, ...args];
    const { code, stderr } = await runCli(push);
    assert.equal(code, 0, stderr);
    assert.equal(most(), concurrency);
  });
}

Deno.test("push sends large blobs in parts of --blob-chunk, small ones at once", async () => {
  await using dir = await makeTempDir();
  const layers = [seededBytes(3.5 * MIB, 1), seededBytes(1000, 2)];
  await Deno.writeFile(dir.join("app.tar"), tarBytes(await dockerSaveMembers([{ layers }])));
  await using registry = startTestRegistry();
  const push = ["push", dir.join("app.tar"), "-t", `${registry.host}/team/app:1`, "--blob-chunk", "1MiB"];
  assert.equal((await runCli(push)).code, 0);
  const ranges = registry.requests.flatMap(({ headers }) => headers.get("content-range") ?? []);
  assert.deepEqual(ranges, [
    `0-${MIB - 1}`,
    `${MIB}-${2 * MIB - 1}`,
    `${2 * MIB}-${3 * MIB - 1}`,
    `${3 * MIB}-${3.5 * MIB - 1}`,
  ]);
});

Deno.test("push speaks to registries on this machine without TLS, with and without --plain-http", async () => {
  await using registry = startTestRegistry();
  const push = ["push", ARCHIVE, "-t", `${registry.host}/team/app:1`, "--debug"];
  for (const args of [push, [...push, "--plain-http"]]) {
    const { code, stderr } = await runCli(args);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^< 200 GET http:\/\/\S+\/v2\/ /m);
    assert.doesNotMatch(stderr, /https:/);
  }
});

for (const type of ["basic", "bearer"] as const) {
  Deno.test(`push --debug traces requests and answers without the secrets of ${type} authentication`, async () => {
    await using registry = startTestRegistry({ auth: { type, users: { ann: "s3cret" } } });
    const push = [
      "push",
      ARCHIVE,
      "-t",
      `${registry.host}/team/app:1`,
      "--username",
      "ann",
      "--password-stdin",
    ];
    for (const [args, env] of [[["--debug"], {}], [[], { OCI_DEBUG: "1" }]] as const) {
      const { code, stderr } = await runCli([...push, ...args], { stdin: "s3cret", env });
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^< 201 PUT http:\/\/\S+\/v2\/team\/app\/manifests\/1 /m);
      for (const secret of ["s3cret", btoa("ann:s3cret"), "token-"]) assert(!stderr.includes(secret), secret);
    }
  });
}

Deno.test("push and login keep their state where they are told, else here if there is a place, else at home", async () => {
  await using home = await makeTempDir();
  await using here = await makeTempDir();
  await using registry = startTestRegistry({ auth: { type: "basic", users: { ann: "pw" } } });
  const login = async (args: readonly string[], env: Record<string, string | undefined>): Promise<void> => {
    const command = ["login", registry.host, "-u", "ann", "--password-stdin", ...args];
    assert.equal((await runCli(command, { home, cwd: here.path, env, stdin: "pw" })).code, 0);
  };
  const noVariable = { DOCKER_IMAGE_PUSHER_STATE_DIR: undefined };
  await login([], noVariable);
  assert((await fileNames(home.join(".docker-image-pusher"))).includes("credentials.json"));
  await Deno.mkdir(here.join(".docker-image-pusher"));
  await login([], noVariable);
  assert((await fileNames(here.join(".docker-image-pusher"))).includes("credentials.json"));
  await login([], { DOCKER_IMAGE_PUSHER_STATE_DIR: here.join("variable") });
  assert((await fileNames(here.join("variable"))).includes("credentials.json"));
  await login(["--state-dir", "option"], { DOCKER_IMAGE_PUSHER_STATE_DIR: here.join("unused") });
  assert((await fileNames(here.join("option"))).includes("credentials.json"));
  await assert.rejects(Deno.stat(here.join("unused")), Deno.errors.NotFound);
});
