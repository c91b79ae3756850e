import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { CredentialStore } from "../../../lib/state/credential_store.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { runWriters } from "./run_writers.ts";

/** A store whose clock moves a second with every look at it. */
function createStore(directory: string): { store: CredentialStore; warnings: string[] } {
  const warnings: string[] = [];
  let nowMs = Date.parse("2026-01-01T00:00:00Z");
  const clock = { ...systemClock, now: () => nowMs += 1000 };
  return {
    store: new CredentialStore(directory, { clock, onWarning: (message) => warnings.push(message) }),
    warnings,
  };
}

Deno.test("CredentialStore gives back what was stored, the latest for each registry", async () => {
  await using temp = await makeTempDir();
  const { store, warnings } = createStore(temp.path);
  await store.set("docker.io", { username: "ann", password: "old" });
  await store.set("localhost:5000", { username: "bob", password: 'p"ä\\ss\n' });
  await store.set("docker.io", { username: "ann", password: "new" });
  const { username, password, storedAt } = (await store.get("docker.io"))!;
  assert.deepEqual({ username, password }, { username: "ann", password: "new" });
  assert.match(storedAt, /^2026-01-01T00:00:\d\d\.000Z$/);
  assert.equal((await store.get("localhost:5000"))?.password, 'p"ä\\ss\n');
  assert.equal(await store.get("other.example"), undefined);
  assert.deepEqual(warnings, []);
});

Deno.test("CredentialStore.list() tells who, the newest last, and no password", async () => {
  await using temp = await makeTempDir();
  const { store } = createStore(temp.path);
  for (const registry of ["b.example", "a.example", "b.example"]) {
    await store.set(registry, { username: "ann", password: "secret" });
  }
  const logins = await store.list();
  assert.deepEqual(logins.map(({ registry, username }) => [registry, username]), [
    ["a.example", "ann"],
    ["b.example", "ann"],
  ]);
  assert.ok(!JSON.stringify(logins).includes("secret"));
});

Deno.test("CredentialStore.delete() says whether there was a login", async () => {
  await using temp = await makeTempDir();
  const { store } = createStore(temp.path);
  await store.set("a.example", { username: "ann", password: "1" });
  await store.set("b.example", { username: "ann", password: "2" });
  assert.equal(await store.delete("a.example"), true);
  assert.equal(await store.delete("a.example"), false);
  assert.deepEqual((await store.list()).map(({ registry }) => registry), ["b.example"]);
});

Deno.test("CredentialStore creates nothing until something is stored", async () => {
  await using temp = await makeTempDir();
  const { store } = createStore(`${temp.path}/state`);
  assert.equal(await store.get("a.example"), undefined);
  assert.deepEqual(await store.list(), []);
  assert.equal(await store.delete("a.example"), false);
  assert.deepEqual(await fileNames(temp.path), []);
});

Deno.test("CredentialStore does not take properties of objects for registries", async () => {
  await using temp = await makeTempDir();
  const { store } = createStore(temp.path);
  await store.set("a.example", { username: "ann", password: "1" });
  assert.equal(await store.get("constructor"), undefined);
  await store.set("constructor", { username: "bob", password: "2" });
  assert.equal((await store.get("constructor"))?.username, "bob");
});

Deno.test("CredentialStore neither uses nor overwrites a file it does not understand", async () => {
  await using temp = await makeTempDir();
  const path = `${temp.path}/credentials.json`;
  const { store } = createStore(temp.path);
  for (
    const content of [
      "{",
      '{"version":2,"logins":[]}',
      '{"version":1,"logins":[{"registry":"a","username":"u"}]}',
    ]
  ) {
    await Deno.writeTextFile(path, content);
    for (
      const attempt of [
        () => store.get("a"),
        () => store.list(),
        () => store.set("a", { username: "u", password: "p" }),
        () => store.delete("a"),
      ]
    ) {
      await assert.rejects(
        attempt,
        (error) =>
          isPusherError(error, "STATE_CORRUPT") && error.detail.path === path && error.hint !== undefined,
      );
    }
    assert.equal(await Deno.readTextFile(path), content);
  }
});

Deno.test({
  name: "CredentialStore warns once when others may read the file, and closes it with the next write",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using temp = await makeTempDir();
    const path = `${temp.path}/credentials.json`;
    await createStore(temp.path).store.set("a.example", { username: "ann", password: "1" });
    await Deno.chmod(path, 0o640);
    const { store, warnings } = createStore(temp.path);
    await store.get("a.example");
    await store.list();
    assert.equal(warnings.length, 1);
    assert.ok(warnings[0]!.includes(path));
    await store.set("b.example", { username: "ann", password: "2" });
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  },
});

Deno.test("CredentialStore keeps every login when processes write at the same time", async () => {
  await using temp = await makeTempDir();
  const written = await runWriters(temp.path, { writers: 3, count: 15 });
  const { store, warnings } = createStore(temp.path);
  const stored = (await store.list()).map(({ registry }) => registry);
  assert.deepEqual(stored.sort(), written.map((name) => `${name}.example`).sort());
  assert.deepEqual(warnings, []);
  assert.deepEqual(await fileNames(temp.path), [
    ".lock",
    "compressed_layers.json",
    "credentials.json",
    "hosts.json",
    "push_history.json",
  ]);
});

Deno.test("CredentialStore remembers who keeps a secret, and keeps none itself then", async () => {
  await using temp = await makeTempDir();
  const { store } = createStore(temp.path);
  await store.set("a.example", { username: "ann", password: "secret" });
  await store.set("a.example", { username: "ann", keeper: { helper: "pass" } });
  await store.set("b.example", {
    username: "bob",
    keeper: { dockerConfig: "/home/bob/.docker/config.json" },
  });
  assert.ok(!(await Deno.readTextFile(`${temp.path}/credentials.json`)).includes("secret"));
  assert.deepEqual((await store.get("a.example"))?.keeper, { helper: "pass" });
  assert.equal((await store.get("a.example"))?.password, undefined);
  assert.deepEqual((await store.list()).map(({ keeper }) => keeper), [
    { helper: "pass" },
    { dockerConfig: "/home/bob/.docker/config.json" },
  ]);
});

Deno.test("CredentialStore repeats nothing of a file that it does not understand", async () => {
  await using temp = await makeTempDir();
  const { store } = createStore(temp.path);
  const contents = [
    "SECRET",
    '{"version":1,"logins":[{"password":"SECRET"',
    '{"version":1,"logins":"SECRET"}',
    '{"version":1,"logins":["SECRET"]}',
    '{"version":1,"logins":[{"registry":"a","username":"u","password":5318008,"storedAt":"x"}]}',
    '{"version":1,"logins":[{"registry":"a","username":"u","storedAt":"SECRET"}]}',
    '{"version":1,"logins":[{"registry":"a","username":"u","keeper":"SECRET","storedAt":"x"}]}',
  ];
  for (const content of contents) {
    await Deno.writeTextFile(`${temp.path}/credentials.json`, content);
    await assert.rejects(store.list(), (error) => {
      assert.ok(isPusherError(error, "STATE_CORRUPT"), String(error));
      for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
        assert.doesNotMatch(cause.message, /SECRET|5318008/);
      }
      return true;
    }, content);
  }
});
