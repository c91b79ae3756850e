import assert from "node:assert/strict";
import { missingForBuild } from "../../../scripts/release/build_needs.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

Deno.test("missingForBuild() names the executable that is not kept when there is no network", async () => {
  await using dir = await makeTempDir();
  const env = { XDG_CACHE_HOME: dir.path, NPM_CONFIG_REGISTRY: "http://127.0.0.1:1/" };
  const missing = await missingForBuild("linux-x86_64", env);
  assert(missing.includes("network to download @deno/linux-x64-glibc"), missing.join());
});

Deno.test("missingForBuild() fails when the registry has something else than what is pinned", async () => {
  await using dir = await makeTempDir();
  await using registry = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("something else"),
  );
  const env = { XDG_CACHE_HOME: dir.path, NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}/` };
  await assert.rejects(missingForBuild("linux-x86_64", env), /not the pinned/);
});
