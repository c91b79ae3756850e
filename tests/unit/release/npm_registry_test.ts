import assert from "node:assert/strict";
import { findNpmRegistry, type NpmRegistry } from "../../../scripts/release/npm_registry.ts";

function find(env: Record<string, string>, npmrc?: string): Promise<NpmRegistry> {
  return findNpmRegistry({ HOME: "/home/ann", ...env }, (path) => {
    return path === "/home/ann/.npmrc" && npmrc !== undefined
      ? Promise.resolve(npmrc)
      : Promise.reject(new Deno.errors.NotFound());
  });
}

Deno.test("findNpmRegistry() asks the environment, then the user's file, then takes the public one", async () => {
  const npmrc = "fund=false\nregistry = https://npm.test/mirror\n@scope:registry=https://other.test/\n";
  assert.deepEqual(await find({}), { url: "https://registry.npmjs.org/" });
  assert.deepEqual(await find({}, npmrc), { url: "https://npm.test/mirror/" });
  const env = { NPM_CONFIG_REGISTRY: "https://env.test/" };
  assert.deepEqual(await find(env, npmrc), { url: "https://env.test/" });
  const scoped = `${npmrc}@deno:registry="https://deno.test"\n`;
  assert.deepEqual(await find(env, scoped), { url: "https://deno.test/" });
});

Deno.test("findNpmRegistry() takes the login that the file has for the registry or a path above", async () => {
  const npmrc = "registry=https://npm.test:8443/a/b/\r\n//npm.test:8443/:_authToken=outer\r\n";
  const url = "https://npm.test:8443/a/b/";
  assert.deepEqual(await find({}, npmrc), { url, authorization: "Bearer outer" });
  const nearer = `${npmrc}//npm.test:8443/a/:_authToken = "\${TOKEN}"\n`;
  assert.deepEqual(await find({ TOKEN: "t=1" }, nearer), { url, authorization: "Bearer t=1" });
  const basic = `${npmrc}//npm.test:8443/a/b/:_auth=YTpi\n`;
  assert.deepEqual(await find({}, basic), { url, authorization: "Basic YTpi" });
});

Deno.test("findNpmRegistry() takes a login of the environment, before that of the file", async () => {
  const npmrc = "registry=https://npm.test/\n//npm.test/:_authToken=file\n";
  const found = await find({ "NPM_CONFIG_//npm.test/:_authToken": "variable" }, npmrc);
  assert.equal(found.authorization, "Bearer variable");
});

Deno.test("findNpmRegistry() takes no login of another registry", async () => {
  const others = ["//npm.test/", "//npm.test:444/", "//a.npm.test/", "//npm.test/b/", "//npm.test.evil/"];
  const npmrc = [...others.map((place) => `${place}:_authToken=no`), "_authToken=no"].join("\n");
  for (const url of ["https://npm.test:445/", "https://npm.example/b/", "https://b.a.npm.test/"]) {
    assert.deepEqual(await find({ NPM_CONFIG_REGISTRY: url }, npmrc), { url });
  }
});
