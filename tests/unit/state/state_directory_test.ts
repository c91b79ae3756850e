import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { resolveStateDirectory } from "../../../lib/state/state_directory.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

function environment(variables: Record<string, string>): (name: string) => string | undefined {
  return (name) => variables[name];
}

const EVERYTHING = environment({ DOCKER_IMAGE_PUSHER_STATE_DIR: "/from/env", HOME: "/home/ann" });

Deno.test("resolveStateDirectory() prefers the flag to everything", async () => {
  assert.equal(await resolveStateDirectory({ flag: "here", env: EVERYTHING, cwd: "/" }), "here");
});

Deno.test("resolveStateDirectory() prefers the variable to directories that exist", async () => {
  await using cwd = await makeTempDir();
  await Deno.mkdir(`${cwd.path}/.docker-image-pusher`);
  assert.equal(await resolveStateDirectory({ env: EVERYTHING, cwd: cwd.path }), "/from/env");
});

Deno.test("resolveStateDirectory() takes the working directory's before the home's", async () => {
  await using cwd = await makeTempDir();
  await Deno.mkdir(`${cwd.path}/.docker-image-pusher`);
  const env = environment({ HOME: "/home/ann" });
  assert.equal(await resolveStateDirectory({ env, cwd: cwd.path }), `${cwd.path}/.docker-image-pusher`);
});

Deno.test("resolveStateDirectory() ignores a file of that name and creates nothing", async () => {
  await using cwd = await makeTempDir();
  await using home = await makeTempDir();
  await Deno.writeTextFile(`${cwd.path}/.docker-image-pusher`, "");
  const env = environment({ HOME: home.path });
  assert.equal(await resolveStateDirectory({ env, cwd: cwd.path }), `${home.path}/.docker-image-pusher`);
  assert.deepEqual(await fileNames(home.path), []);
});

Deno.test("resolveStateDirectory() finds the home of Windows", async () => {
  const env = environment({ USERPROFILE: "C:\\Users\\ann" });
  const directory = await resolveStateDirectory({ env, cwd: "/nowhere" });
  assert.equal(directory, "C:\\Users\\ann/.docker-image-pusher");
});

Deno.test("resolveStateDirectory() fails with the flag to use when there is no home", async () => {
  await assert.rejects(
    resolveStateDirectory({ env: environment({}), cwd: "/nowhere" }),
    (error) => isPusherError(error, "USAGE") && error.detail.option === "--state-dir",
  );
});
