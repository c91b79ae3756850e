import assert from "node:assert/strict";
import { removeDockerLogin, saveDockerLogin } from "../../../lib/credentials/docker_logins.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const LOGIN = { server: "r.example", username: "ann", secret: "pw" };

Deno.test("saveDockerLogin() makes docker's file, for its owner only", async () => {
  await using dir = await makeTempDir();
  const path = dir.join(".docker/config.json");
  await saveDockerLogin(path, LOGIN);
  assert.equal(
    await Deno.readTextFile(path),
    '{\n\t"auths": {\n\t\t"r.example": {\n\t\t\t"auth": "YW5uOnB3"\n\t\t}\n\t}\n}\n',
  );
  if (Deno.build.os !== "windows") assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  assert.deepEqual(await fileNames(dir.join(".docker")), ["config.json"]);
});

Deno.test("saveDockerLogin() and removeDockerLogin() leave all else in the file as it is", async () => {
  await using dir = await makeTempDir();
  const path = dir.join("config.json");
  const config = {
    auths: { "other.example": { auth: "eDp5", email: "x" } },
    HttpHeaders: { "X-Meta": "1" },
    plugins: { a: { b: "c" } },
  };
  await Deno.writeTextFile(path, JSON.stringify(config));
  await saveDockerLogin(path, LOGIN);
  await saveDockerLogin(path, { ...LOGIN, secret: "new" });
  const { auths, ...rest } = JSON.parse(await Deno.readTextFile(path));
  assert.deepEqual(auths, {
    "other.example": { auth: "eDp5", email: "x" },
    "r.example": { auth: btoa("ann:new") },
  });
  assert.deepEqual(rest, { HttpHeaders: config.HttpHeaders, plugins: config.plugins });
  assert.equal(await removeDockerLogin(path, "r.example"), true);
  assert.equal(await removeDockerLogin(path, "r.example"), false);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), config);
});

Deno.test("removeDockerLogin() creates nothing", async () => {
  await using dir = await makeTempDir();
  assert.equal(await removeDockerLogin(dir.join("config.json"), "r.example"), false);
  assert.deepEqual(await fileNames(dir.path), []);
});

Deno.test("saveDockerLogin() refuses a file that is not docker's, and repeats nothing of it", async () => {
  await using dir = await makeTempDir();
  const path = dir.join("config.json");
  for (const content of ["SECRET", '{"auths":["SECRET"]}', '["SECRET"]', '{"auths":"SECRET"}']) {
    await Deno.writeTextFile(path, content);
    await assert.rejects(saveDockerLogin(path, LOGIN), (error) => {
      assert.ok(isPusherError(error, "CONFIG_INVALID"), String(error));
      assert.doesNotMatch(`${error.message}${error.cause}`, /SECRET/);
      return true;
    });
    assert.equal(await Deno.readTextFile(path), content);
  }
});

Deno.test({
  name: "saveDockerLogin() writes through a link",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using dir = await makeTempDir();
    await Deno.mkdir(dir.join("dotfiles"));
    await Deno.writeTextFile(dir.join("dotfiles/docker.json"), "{}");
    await Deno.symlink(dir.join("dotfiles/docker.json"), dir.join("config.json"));
    await saveDockerLogin(dir.join("config.json"), LOGIN);
    assert.ok((await Deno.lstat(dir.join("config.json"))).isSymlink);
    assert.match(await Deno.readTextFile(dir.join("dotfiles/docker.json")), /r\.example/);
  },
});

Deno.test("saveDockerLogin() says where it cannot write", async () => {
  await using dir = await makeTempDir();
  await Deno.writeTextFile(dir.join("file"), "");
  const path = dir.join("file/config.json");
  await assert.rejects(saveDockerLogin(path, LOGIN), (error) => {
    assert.ok(isPusherError(error), String(error));
    assert.ok(error.message.includes(path));
    return true;
  });
});
