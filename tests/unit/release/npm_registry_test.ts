import assert from "node:assert/strict";
import { findNpmRegistry } from "../../../scripts/release/npm_registry.ts";

function find(env: Record<string, string>, npmrc?: string): Promise<string> {
  return findNpmRegistry((name) => env[name], (path) => {
    return path === "/home/ann/.npmrc" && npmrc !== undefined
      ? Promise.resolve(npmrc)
      : Promise.reject(new Deno.errors.NotFound());
  });
}

Deno.test("findNpmRegistry() asks the environment, then the user's file, then takes the public one", async () => {
  const home = { HOME: "/home/ann" };
  const npmrc = "fund=false\nregistry = https://npm.test/mirror\n@scope:registry=https://other.test/\n";
  assert.equal(await find(home), "https://registry.npmjs.org/");
  assert.equal(await find(home, npmrc), "https://npm.test/mirror/");
  assert.equal(
    await find({ ...home, NPM_CONFIG_REGISTRY: "https://env.test/" }, npmrc),
    "https://env.test/",
  );
});
