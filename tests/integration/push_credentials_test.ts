import assert from "node:assert/strict";
import { push } from "../../lib/commands/push/push.ts";
import { isPusherError } from "../../lib/errors.ts";
import type { PushReport } from "../../lib/transfer/progress/report.ts";
import { dockerSaveMembers, tarBytes } from "../support/archives.ts";
import type { AuthOptions } from "../support/registry/registry_auth.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { makeTestContext } from "../support/test_context.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const login = (user: string, password: string): { auth: string } => ({ auth: btoa(`${user}:${password}`) });

/** Pushes a small image to several targets, with the logins of these files and what is traced. */
async function pushTo(
  targets: readonly string[],
  home: TempDir,
  variables: Record<string, string> = {},
): Promise<PushReport & { trace: string[] }> {
  await Deno.writeFile(
    home.join("app.tar"),
    tarBytes(await dockerSaveMembers([{ layers: [seededBytes(1000)] }])),
  );
  const trace: string[] = [];
  const env: Record<string, string> = { HOME: home.path, ...variables };
  const report = await push(
    { archives: [home.join("app.tar")], targets, stateDir: home.join("state") },
    { ...makeTestContext(), env: (name) => env[name], onTrace: (line) => void trace.push(line) },
  );
  return { ...report, trace };
}

async function writeJson(home: TempDir, path: string, content: unknown): Promise<void> {
  const file = home.join(path);
  await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(file, JSON.stringify(content));
}

Deno.test("push() goes to parts of one registry as different users, each with a connection of its own", async () => {
  await using home = await makeTempDir();
  const auth: AuthOptions = {
    type: "bearer",
    users: { ann: "1", bob: "2" },
    allows: (user, repository) => repository.startsWith(`${user}/`),
  };
  await using registry = startTestRegistry({ auth });
  const { host } = registry;
  await writeJson(home, ".config/containers/auth.json", {
    auths: {
      [`${host}/ann`]: login("ann", "1"),
      [`${host}/bob/app`]: login("bob", "2"),
      [host]: login("x", "y"),
    },
  });
  const { pushed, failures, trace } = await pushTo([
    `${host}/ann/app:1`,
    `${host}/ann/b:1`,
    `${host}/bob/app:1`,
  ], home);
  assert.deepEqual([pushed.length, failures], [3, []]);
  assert.equal(registry.requests.filter(({ kind }) => kind === "ping").length, 2);
  const sources = trace.filter((line) => line.startsWith("credentials for"));
  assert.deepEqual(sources.map((line) => line.replace(/ in .*/, "")).sort(), [
    `credentials for ${host}: "${host}/ann"`,
    `credentials for ${host}: "${host}/bob/app"`,
  ]);
});

Deno.test("push() gives each of several registries its own login, and DOCKER_PASSWORD to none", async () => {
  await using home = await makeTempDir();
  await using one = startTestRegistry({ auth: { type: "basic", users: { ann: "1" } } });
  await using other = startTestRegistry({ auth: { type: "bearer", users: { bob: "2" } } });
  await writeJson(home, ".docker/config.json", { auths: { [one.host]: login("ann", "1") } });
  await writeJson(home, ".config/containers/auth.json", { auths: { [other.host]: login("bob", "2") } });
  const variables = { DOCKER_USERNAME: "eve", DOCKER_PASSWORD: "3" };
  const targets = [`${one.host}/app:1`, `${other.host}/app:1`];
  const { pushed, failures } = await pushTo(targets, home, variables);
  assert.deepEqual([pushed.length, failures], [2, []]);
});

Deno.test("push() goes on to the other registries when the helper for one cannot be run", async () => {
  await using home = await makeTempDir();
  await using one = startTestRegistry({ auth: { type: "basic", users: { ann: "1" } } });
  await using other = startTestRegistry();
  await writeJson(home, ".docker/config.json", { credHelpers: { [one.host]: "there-is-none" } });
  const { pushed, failures } = await pushTo([`${one.host}/app:1`, `${other.host}/app:1`], home);
  assert.deepEqual(pushed.map(({ reference }) => reference), [`${other.host}/app:1`]);
  assert.deepEqual(failures.map(({ error }) => isPusherError(error, "HELPER_FAILED")), [true]);
  assert.deepEqual(one.requests, []);
});
