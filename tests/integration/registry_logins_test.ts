import assert from "node:assert/strict";
import { type HostRun, runOnHost } from "../support/host_run.ts";
import { putImage } from "../support/pull_stage.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

/** A registry that knows one user. */
function registryOf(user: string): TestRegistry {
  return startTestRegistry({ auth: { type: "bearer", users: { [user]: `${user}'s` } } });
}

function run(dir: TempDir, args: readonly string[], stdin?: string): Promise<HostRun> {
  const env = { DOCKER_IMAGE_PUSHER_STATE_DIR: dir.join("state"), HOME: dir.path };
  return runOnHost(args, { env, ...(stdin !== undefined && { stdin }) });
}

Deno.test("copy takes users of both ends from the command line", async () => {
  await using dir = await makeTempDir();
  await using source = registryOf("ann");
  await using target = registryOf("bob");
  const { manifest } = putImage(source, "app:1");
  const copy = ["copy", `${source.host}/app:1`, `${target.host}/app`];
  const users = ["--src-username", "ann", "--src-password", "ann's", "--dest-username", "bob"];
  const { code, stdout, stderr } = await run(dir, [...copy, ...users, "--dest-password-stdin"], "bob's\n");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${target.host}/app:1@${manifest.digest}\n`);
  assert.match(stderr, /--src-password shows in the process list/);
});

Deno.test("copy within a registry takes the user of either end for both", async () => {
  await using dir = await makeTempDir();
  await using registry = registryOf("ann");
  putImage(registry, "app:1");
  for (const end of ["src", "dest"]) {
    const copy = ["copy", `${registry.host}/app:1`, `${registry.host}/${end}`];
    const user = [`--${end}-username`, "ann", `--${end}-password-stdin`];
    const { code, stderr } = await run(dir, [...copy, ...user], "ann's");
    assert.equal(code, 0, stderr);
  }
});

Deno.test("copy refuses one password for several registries, and two on one input", async () => {
  await using dir = await makeTempDir();
  await using source = startTestRegistry();
  const copy = ["copy", `${source.host}/app:1`, "127.0.0.1:2/app", "127.0.0.1:3/app"];
  const user = ["--dest-username", "ann", "--dest-password-stdin"];
  const shared = await run(dir, [...copy, ...user], "pw");
  assert.match(shared.stderr, /^error: Cannot use one password for 2 registries\nhint: Run login for each /);
  assert.equal(shared.code, 2);
  const other = ["--src-username", "bob", "--src-password-stdin"];
  const both = await run(dir, [...copy.slice(0, 3), ...user, ...other], "pw");
  assert.equal(both.code, 2, both.stderr);
  assert.match(both.stderr, /^error: Cannot read two passwords from standard input\nhint: Run login /);
  const half = await run(dir, [...copy.slice(0, 3), "--src-username", "bob"]);
  assert.match(half.stderr, /^error: .* without a password\nhint: Add --src-password-stdin, /);
});

Deno.test("inspect takes a user from the command line", async () => {
  await using dir = await makeTempDir();
  await using registry = registryOf("ann");
  putImage(registry, "app:1");
  const inspect = ["inspect", `${registry.host}/app:1`];
  assert.equal((await run(dir, inspect)).code, 4);
  const { code, stderr } = await run(dir, [...inspect, "--username", "ann", "--password-stdin"], "ann's");
  assert.equal(code, 0, stderr);
});
