import assert from "node:assert/strict";
import { parseAuthFile, readAuthFile } from "../../../lib/credentials/auth_file.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const PATH = "/home/ann/.docker/config.json";
const MIB = 2 ** 20;

function parse(content: unknown): ReturnType<typeof parseAuthFile> {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return parseAuthFile(new TextEncoder().encode(text), PATH);
}

Deno.test("parseAuthFile() reads what docker writes, and leaves the rest alone", () => {
  const file = parse({
    auths: { "r.example": { auth: "YTpi", email: "a@example.com" }, "https://index.docker.io/v1/": {} },
    credHelpers: { "ecr.example": "ecr-login", "plain.example": "" },
    credsStore: "secretservice",
    HttpHeaders: { "User-Agent": "x" },
    detachKeys: "ctrl-e,e",
  });
  assert.deepEqual([...file.auths.keys()], ["r.example", "https://index.docker.io/v1/"]);
  assert.equal(file.auths.get("r.example")?.auth, "YTpi");
  assert.deepEqual(Object.fromEntries(file.credHelpers), { "ecr.example": "ecr-login", "plain.example": "" });
  assert.equal(file.credsStore, "secretservice");
});

Deno.test("parseAuthFile() takes an empty file and null for nothing", () => {
  for (const content of ["", "{}", '{"auths":null,"credHelpers":null,"credsStore":null}', "\ufeff{}"]) {
    const { auths, credHelpers, credsStore } = parse(content);
    assert.deepEqual([auths.size, credHelpers.size, credsStore], [0, 0, ""]);
  }
});

Deno.test("parseAuthFile() does not take properties of objects for registries", () => {
  const file = parse('{"auths":{"__proto__":{"auth":"YTpi"}}}');
  assert.equal(file.auths.get("constructor"), undefined);
  assert.equal(file.credHelpers.get("toString"), undefined);
});

Deno.test("parseAuthFile() refuses what is not such a file, and repeats nothing of it", () => {
  const contents: unknown[] = [
    "SECRET",
    '{"auths":{"r.example":{"auth":"SECRET"}}',
    '["SECRET"]',
    '"SECRET"',
    { auths: "SECRET" },
    { auths: { "r.example": "SECRET" } },
    { auths: { "r.example": { password: 5318008 } } },
    { auths: { "r.example": { auth: ["SECRET"] } } },
    { credHelpers: "SECRET" },
    { credsStore: { SECRET: 1 } },
  ];
  for (const content of contents) {
    assert.throws(() => parse(content), (error) => {
      assert.ok(isPusherError(error, "CONFIG_INVALID"), String(error));
      assert.deepEqual(error.detail, { path: PATH });
      for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
        assert.doesNotMatch(cause.message, /SECRET|5318008/);
      }
      return true;
    }, JSON.stringify(content));
  }
});

Deno.test("parseAuthFile() takes the name of a helper only, never a path to one", () => {
  const names = ["../evil", "/bin/sh", "a/b", "a\\b", "-rf", ".hidden", "a b", "a;b", "x".repeat(200), "ä"];
  for (const name of names) {
    assert.throws(() => parse({ credsStore: name }), /without a path/, name);
    assert.throws(() => parse({ credHelpers: { "r.example": name } }), /without a path/, name);
  }
  assert.equal(parse({ credsStore: "ecr-login.v2_1" }).credsStore, "ecr-login.v2_1");
});

Deno.test("readAuthFile() reads a file, and knows when there is none", async () => {
  await using dir = await makeTempDir();
  const path = dir.join("config.json");
  await Deno.writeTextFile(path, '{"credsStore":"pass"}');
  assert.equal((await readAuthFile(path, assert.fail))?.credsStore, "pass");
  assert.equal(await readAuthFile(dir.join("none.json"), assert.fail), undefined);
  assert.equal(await readAuthFile(`${path}/config.json`, assert.fail), undefined);
});

Deno.test("readAuthFile() stops at a file that cannot be one", async () => {
  await using dir = await makeTempDir();
  await Deno.writeTextFile(dir.join("large.json"), `{"x":"${"x".repeat(4 * MIB)}"}`);
  await assert.rejects(readAuthFile(dir.join("large.json"), assert.fail), /it has more than 4194304 bytes/);
  await assert.rejects(
    readAuthFile(dir.path, assert.fail),
    (error) => isPusherError(error, "CONFIG_INVALID"),
  );
  if (Deno.build.os === "linux") {
    await assert.rejects(readAuthFile("/dev/zero", assert.fail), /it has more than 4194304 bytes/);
  }
});

Deno.test({
  name: "readAuthFile() warns of a file that it may not read",
  permissions: { read: false },
  async fn() {
    const warnings: string[] = [];
    assert.equal(await readAuthFile("/somewhere/config.json", (text) => warnings.push(text)), undefined);
    assert.deepEqual(warnings, [
      'Logins in "/somewhere/config.json" are left out, as it may not be read',
    ]);
  },
});
