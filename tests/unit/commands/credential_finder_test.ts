import assert from "node:assert/strict";
import { CredentialFinder } from "../../../lib/commands/credential_finder.ts";
import { isPusherError } from "../../../lib/errors.ts";
import type { Credentials } from "../../../lib/spec/credentials.ts";
import { CredentialStore } from "../../../lib/state/credential_store.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { makeTempDir, type TempDir } from "../../support/temp_dir.ts";
import { makeTestContext, type TestContext } from "../../support/test_context.ts";

const GIVEN = { username: "given", password: "1" };
const STORED = { username: "stored", password: "2" };
const ENV = { DOCKER_USERNAME: "env", DOCKER_PASSWORD: "3" };
const R = { registry: "r.example", repository: "team/app" };

/** A home directory of somebody, with files of docker and podman in it. */
interface Stage extends AsyncDisposable {
  dir: TempDir;
  store: CredentialStore;
  context(variables?: Record<string, string>): TestContext;
  write(path: string, content: unknown): Promise<void>;
}

async function makeStage(): Promise<Stage> {
  const dir = await makeTempDir();
  return {
    dir,
    store: new CredentialStore(dir.join("state"), { clock: new FakeClock(), onWarning: assert.fail }),
    context(variables = {}) {
      const env: Record<string, string> = { HOME: dir.path, ...variables };
      return { ...makeTestContext(), env: (name) => env[name] };
    },
    async write(path, content) {
      const file = dir.join(path);
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(file, typeof content === "string" ? content : JSON.stringify(content));
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

const login = (user: string): { auth: string } => ({ auth: btoa(`${user}:pw`) });

function userOf(credentials: Credentials | undefined): string | undefined {
  return credentials && "username" in credentials ? credentials.username : undefined;
}

Deno.test("CredentialFinder takes the command line's, the environment's, ours, docker's, podman's, in this order", async () => {
  await using stage = await makeStage();
  const { store, dir } = stage;
  await store.set("r.example", STORED);
  await stage.write(".docker/config.json", {
    auths: { "r.example": login("docker"), "d.example": login("docker") },
  });
  await stage.write("run/containers/auth.json", {
    auths: { "r.example": login("podman"), "d.example": login("podman"), "p.example": login("podman") },
  });
  const RUNTIME = { XDG_RUNTIME_DIR: dir.join("run") };
  const cases: [string, Credentials | undefined, Record<string, string>, string | undefined, RegExp][] = [
    ["r.example", GIVEN, ENV, "given", /^the command line$/],
    ["r.example", undefined, ENV, "env", /^DOCKER_USERNAME and DOCKER_PASSWORD$/],
    ["r.example", undefined, {}, "stored", /^our credentials\.json$/],
    ["d.example", undefined, {}, "docker", /^"d\.example" in .*\.docker\/config\.json$/],
    ["p.example", undefined, {}, "podman", /^"p\.example" in .*containers\/auth\.json$/],
    ["other.example", undefined, {}, undefined, /^undefined$/],
    // Half of a pair is none.
    ["r.example", undefined, { DOCKER_USERNAME: "env" }, "stored", /ours?/],
    ["r.example", undefined, { DOCKER_PASSWORD: "3" }, "stored", /ours?/],
    ["r.example", undefined, { DOCKER_USERNAME: "", DOCKER_PASSWORD: "3" }, "stored", /ours?/],
  ];
  for (const [registry, given, env, user, source] of cases) {
    const finder = new CredentialFinder({ given, store }, stage.context({ ...env, ...RUNTIME }));
    const found = await finder.find({ registry });
    assert.equal(userOf(found?.credentials), user, registry);
    assert.match(`${found?.source}`, source);
  }
});

Deno.test("CredentialFinder takes the user <token> for an identity token, wherever it is named", async () => {
  await using stage = await makeStage();
  const { store } = stage;
  const token = { username: "<token>", password: "t" };
  const expected = { username: "<token>", identityToken: "t" };
  const env = { DOCKER_USERNAME: "<token>", DOCKER_PASSWORD: "t" };
  const given = await new CredentialFinder({ given: token, store }, stage.context()).find(R);
  const fromEnv = await new CredentialFinder({ store }, stage.context(env)).find(R);
  await store.set("r.example", token);
  const stored = await new CredentialFinder({ store }, stage.context()).find(R);
  for (const found of [given, fromEnv, stored]) assert.deepEqual(found?.credentials, expected);
});

Deno.test("CredentialFinder leaves the environment's login out where it could be another registry's", async () => {
  await using stage = await makeStage();
  const finder = new CredentialFinder({ usesEnvironment: false, store: stage.store }, stage.context(ENV));
  assert.equal(await finder.find(R), undefined);
});

Deno.test("CredentialFinder does not look into sources that it does not need", async () => {
  await using stage = await makeStage();
  await stage.write("state/credentials.json", "{broken");
  await stage.write(".docker/config.json", "{broken");
  const { store } = stage;
  const given = await new CredentialFinder({ given: GIVEN, store }, stage.context()).find(R);
  assert.deepEqual(given?.credentials, GIVEN);
  const isCorrupt = (error: unknown): boolean => isPusherError(error, "STATE_CORRUPT");
  await assert.rejects(new CredentialFinder({ store }, stage.context()).find(R), isCorrupt);
  await Deno.remove(stage.dir.join("state/credentials.json"));
  await assert.rejects(new CredentialFinder({ store }, stage.context()).find(R), (error) => {
    assert.ok(isPusherError(error, "CONFIG_INVALID"), String(error));
    assert.equal(error.detail.path, stage.dir.join(".docker/config.json"));
    return true;
  });
  await store.set("r.example", STORED);
  const stored = await new CredentialFinder({ store }, stage.context()).find(R);
  assert.equal(userOf(stored?.credentials), "stored");
});

Deno.test("CredentialFinder finds docker's and podman's files where the variables say", async () => {
  await using stage = await makeStage();
  const { dir, store } = stage;
  await stage.write("else/config.json", { auths: { "r.example": login("DOCKER_CONFIG") } });
  await stage.write("my.json", { auths: { "r.example": login("REGISTRY_AUTH_FILE") } });
  await stage.write("xdg/containers/auth.json", { auths: { "r.example": login("XDG_CONFIG_HOME") } });
  await stage.write(".config/containers/auth.json", { auths: { "r.example": login("home") } });
  const cases: [Record<string, string>, string][] = [
    [{}, "home"],
    [{ XDG_CONFIG_HOME: dir.join("xdg") }, "XDG_CONFIG_HOME"],
    [{ REGISTRY_AUTH_FILE: dir.join("my.json") }, "REGISTRY_AUTH_FILE"],
    [{ REGISTRY_AUTH_FILE: dir.join("my.json"), DOCKER_CONFIG: dir.join("else") }, "DOCKER_CONFIG"],
  ];
  for (const [variables, user] of cases) {
    const found = await new CredentialFinder({ store }, stage.context(variables)).find(R);
    assert.equal(userOf(found?.credentials), user);
  }
  const json = JSON.stringify({ auths: { "r.example": login("DOCKER_AUTH_CONFIG") } });
  const variables = { DOCKER_CONFIG: dir.join("else"), DOCKER_AUTH_CONFIG: json };
  const finder = new CredentialFinder({ store }, stage.context(variables));
  assert.equal(userOf((await finder.find(R))?.credentials), "DOCKER_AUTH_CONFIG");
});

Deno.test("CredentialFinder tells different namespaces of a registry apart", async () => {
  await using stage = await makeStage();
  await stage.write(".config/containers/auth.json", {
    auths: { "r.example/team": login("team"), "r.example/team/app": login("app"), "r.example": login("all") },
  });
  const finder = new CredentialFinder({ store: stage.store }, stage.context());
  const users: [string, string][] = [
    ["team/app", "app"],
    ["team/app/part", "app"],
    ["team/apple", "team"],
    ["teams", "all"],
    ["other", "all"],
  ];
  for (const [repository, user] of users) {
    const found = await finder.find({ registry: "r.example", repository });
    assert.equal(userOf(found?.credentials), user, repository);
  }
});
