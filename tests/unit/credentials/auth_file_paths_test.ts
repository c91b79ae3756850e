import assert from "node:assert/strict";
import { dockerConfigPath, podmanAuthPaths } from "../../../lib/credentials/auth_file_paths.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const envOf = (variables: Record<string, string>) => (name: string): string | undefined => variables[name];

Deno.test("dockerConfigPath() goes by DOCKER_CONFIG, else by the home", () => {
  const cases: [Record<string, string>, string | undefined][] = [
    [{ HOME: "/home/ann" }, "/home/ann/.docker/config.json"],
    [{ USERPROFILE: "C:\\Users\\ann" }, "C:\\Users\\ann/.docker/config.json"],
    [{ HOME: "/home/ann", DOCKER_CONFIG: "/etc/docker" }, "/etc/docker/config.json"],
    [{ HOME: "/home/ann", DOCKER_CONFIG: "" }, "/home/ann/.docker/config.json"],
    [{}, undefined],
  ];
  for (const [variables, path] of cases) assert.equal(dockerConfigPath(envOf(variables)), path);
});

Deno.test("podmanAuthPaths() has the file that goes before the file that stays", async () => {
  const cases: [Record<string, string>, string[]][] = [
    [{ HOME: "/h", REGISTRY_AUTH_FILE: "/x/auth.json", XDG_RUNTIME_DIR: "/run/user/1" }, ["/x/auth.json"]],
    [{ HOME: "/h", XDG_RUNTIME_DIR: "/run/user/1" }, [
      "/run/user/1/containers/auth.json",
      "/h/.config/containers/auth.json",
    ]],
    [{ XDG_RUNTIME_DIR: "/r", XDG_CONFIG_HOME: "/c" }, [
      "/r/containers/auth.json",
      "/c/containers/auth.json",
    ]],
    [{}, []],
  ];
  for (const [variables, paths] of cases) assert.deepEqual(await podmanAuthPaths(envOf(variables)), paths);
});

Deno.test({
  name: "podmanAuthPaths() knows where podman keeps logins without XDG_RUNTIME_DIR",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using home = await makeTempDir();
    const [path] = await podmanAuthPaths(envOf({ HOME: home.path }));
    assert.equal(path, `/run/containers/${Deno.uid()}/auth.json`);
  },
});
