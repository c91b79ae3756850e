import assert from "node:assert/strict";
import { runOnHost } from "../support/host_run.ts";
import { writeLargeArchive } from "../support/large_archive.ts";
import { putImage } from "../support/pull_stage.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import type { Fault } from "../support/registry/fault.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry, type TestRegistryOptions } from "../support/test_registry.ts";

/** What a command line can name. */
interface Stage {
  /** Has `app.tar`, and `cut.tar`, which is damaged. */
  dir: TempDir;
  /** Has `app:1`, unless nobody may read it. */
  registry: TestRegistry;
  /** Host of a registry without faults, which has `app:1`. */
  good: string;
  /** Host of none. */
  nobody: string;
}

type Line = (stage: Stage) => readonly string[];

const PASSWORDS: TestRegistryOptions = { auth: { type: "basic", users: { ann: "pw" } } };
const NOBODY: Line[] = [
  ({ dir, nobody }) => ["push", dir.join("app.tar"), "-t", `${nobody}/app:1`],
  ({ dir, nobody }) => ["pull", `${nobody}/app:1`, "-o", dir.join("new.tar")],
  ({ nobody, good }) => ["copy", `${nobody}/app:1`, `${good}/copy`],
  ({ nobody, good }) => ["copy", `${good}/app:1`, `${nobody}/copy`],
  ({ nobody }) => ["inspect", `${nobody}/app:1`],
  ({ nobody }) => ["inspect", `${nobody}/app:1`, "--raw"],
  ({ nobody }) => ["verify", `${nobody}/app:1`],
  ({ dir, nobody }) => ["verify", dir.join("app.tar"), "-t", `${nobody}/app:1`],
  ({ nobody, good }) => ["copy", `${good}/app:1`, `${nobody}/copy`, "--dry-run"],
  ({ nobody }) => ["login", nobody, "--username", "ann", "--password", "pw"],
];

/** Command lines that fail at a registry, whatever its reason is. */
function atRegistry(refused: Line[]): Line[] {
  return refused.map((line) => (stage) => line({ ...stage, nobody: stage.registry.host }));
}

function failing(on: NonNullable<Fault["on"]>, status: number): TestRegistryOptions {
  return { faults: [{ on, times: Infinity, do: refuse(status, "UNKNOWN") }] };
}

/** By exit code and code of the error: what is wrong with the registry, and what fails then. */
const CASES: readonly [
  exitCode: number,
  code: string,
  options: TestRegistryOptions,
  lines: readonly Line[],
][] = [
  [5, "NETWORK", {}, NOBODY],
  [4, "AUTH_REQUIRED", PASSWORDS, atRegistry(NOBODY.slice(0, -1))],
  [4, "AUTH_DENIED", PASSWORDS, [
    ({ registry }) => ["login", registry.host, "--username", "ann", "--password", "guess"],
  ]],
  [
    6,
    "REGISTRY_UNAVAILABLE",
    failing(["head-manifest", "get-manifest", "put-manifest"], 500),
    atRegistry(NOBODY.slice(0, -2)),
  ],
  [6, "REGISTRY_UNSUPPORTED", failing("ping", 404), atRegistry(NOBODY)],
  [3, "IMAGE_NOT_FOUND", {}, [
    ({ dir, good }) => ["pull", `${good}/app:2`, "-o", dir.join("new.tar")],
    ({ good }) => ["copy", `${good}/app:2`, `${good}/copy`],
    ({ good }) => ["copy", `${good}/app:x*`, `${good}/copy`],
    ({ good }) => ["inspect", `${good}/app:2`],
    ({ good }) => ["verify", `${good}/app:2`],
  ]],
  [3, "ARCHIVE_CORRUPT", {}, [
    ({ dir, good }) => ["push", dir.join("cut.tar"), "-t", `${good}/cut:1`],
    ({ dir }) => ["inspect", dir.join("cut.tar")],
    ({ dir }) => ["verify", dir.join("cut.tar")],
    ({ dir, good }) => ["verify", dir.join("cut.tar"), "-t", `${good}/cut:1`],
    ({ dir }) => ["serve", dir.join("cut.tar"), "--listen", "127.0.0.1:0"],
  ]],
  [7, "DIGEST_MISMATCH", {}, [
    ({ dir, good }) => ["verify", dir.join("app.tar"), "-t", `${good}/app:1`],
  ]],
  [8, "STATE_CORRUPT", {}, [
    ({ good }) => ["inspect", `${good}/app:1`, "--state-dir", "damaged"],
    ({ good }) => ["logout", good, "--state-dir", "damaged"],
    ({ good }) => ["copy", `${good}/app:1`, `${good}/copy`, "--state-dir", "damaged"],
  ]],
];

for (const [exitCode, code, options, lines] of CASES) {
  Deno.test(`every command with --json ends with ${exitCode} and one document on ${code}`, async () => {
    await using dir = await makeTempDir();
    await using registry = startTestRegistry(options);
    await using good = startTestRegistry();
    await writeLargeArchive(dir.join("app.tar"), [1000]);
    await Deno.copyFile(dir.join("app.tar"), dir.join("cut.tar"));
    await Deno.truncate(dir.join("cut.tar"), 900);
    await Deno.mkdir(dir.join("damaged"));
    await Deno.writeTextFile(dir.join("damaged/credentials.json"), "{");
    putImage(registry, "app:1");
    putImage(good, "app:1");
    const env = { DOCKER_IMAGE_PUSHER_STATE_DIR: dir.join("state"), HOME: dir.path };
    for (const line of lines) {
      const args = line({ dir, registry, good: good.host, nobody: "127.0.0.1:2" })
        .map((arg) => arg === "damaged" ? dir.join(arg) : arg);
      const run = await runOnHost([...args, "--json"], { env });
      const said = `${args.join(" ")}\n${run.stderr}`;
      assert.equal(run.code, exitCode, said);
      const { error } = JSON.parse(run.stderr.slice(`\n${run.stderr}`.lastIndexOf("\n{\n")));
      assert.equal(error.code, code, said);
      assert.ok(error.message && error.hint && error.detail, said);
      // What was found out all the same is a document of its own.
      if (run.stdout !== "") assert.equal(typeof JSON.parse(run.stdout), "object", said);
    }
  });
}
